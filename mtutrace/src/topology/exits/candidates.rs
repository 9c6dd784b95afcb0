//! Destinations that stand for the routes and rules of one namespace, a few for each that may lead elsewhere.
use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::model::{DeviceId, LinkKind, Netns, NetnsId, Node, Route};
use crate::topology::lookup::usable;

/// Most groups of routes that are looked at in one namespace.
const MOST: usize = 64;
/// Networks that are remembered of a group; the others are counted.
const NETWORKS: usize = 16;

/// Routes by which a namespace sends through the same device, to the same neighbour as far as that is on this node.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// The device; absent where a rule names the destinations, and its table the device.
    pub(super) device: Option<DeviceId>,
    /// The first of the networks, with their bits.
    pub(super) networks: Vec<(IpAddr, u8)>,
    /// How many more there are.
    pub(super) more: usize,
}

/// The candidates of a namespace, and how many groups were left out.
pub(super) fn candidates(node: &Node, id: NetnsId) -> (Vec<Candidate>, usize) {
    let Some(netns) = node.netns.get(&id) else { return (Vec::new(), 0) };
    let mut groups: BTreeMap<(u32, u32, Option<u32>, Option<IpAddr>), Candidate> = BTreeMap::new();
    for route in netns.routes.iter().filter(|route| may_lead_out(netns, route)) {
        let gateway = route.gateway.filter(|ip| has_address(node, id, *ip));
        let key = (route.table, route.ifindex, route.mtu, gateway);
        let device = Some(DeviceId { netns: id, ifindex: route.ifindex });
        let group = groups.entry(key).or_insert_with(|| Candidate { device, networks: Vec::new(), more: 0 });
        group.add((route.destination, route.prefix));
    }
    let by_rule =
        netns.rules.iter().filter(|rule| rule.is_followed() && !rule.invert).filter_map(|rule| rule.to);
    let by_rule = by_rule
        .map(|network| Candidate { device: None, networks: vec![network], more: 0 })
        .collect::<Vec<_>>();
    let mut found: Vec<Candidate> = by_rule.into_iter().chain(groups.into_values()).collect();
    let cut = found.len().saturating_sub(MOST);
    found.truncate(MOST);
    (found, cut)
}

impl Candidate {
    fn add(&mut self, network: (IpAddr, u8)) {
        if self.networks.contains(&network) {
            // One of several next hops.
        } else if self.networks.len() < NETWORKS {
            self.networks.push(network);
        } else {
            self.more += 1;
        }
    }
}

/// Whether a route other than a default one may lead out of the node: those to a bridge or a veth lead to what is
/// plugged in there, unless there is a router.
fn may_lead_out(netns: &Netns, route: &Route) -> bool {
    let Some(link) = netns.links.get(&route.ifindex).filter(|link| usable(netns, link.ifindex)) else {
        return false;
    };
    let link_local = matches!(route.destination, IpAddr::V6(ip) if ip.is_unicast_link_local());
    let multicast = route.destination.is_multicast();
    let has_uplink = || {
        let mut ports = netns.links.values().filter(|port| port.master == Some(link.ifindex) && port.up);
        ports.any(|port| port.kind != LinkKind::Veth)
    };
    let leads = match link.kind {
        LinkKind::Veth | LinkKind::Other => route.gateway.is_some(),
        LinkKind::Bridge => route.gateway.is_some() || has_uplink(),
        _ => true,
    };
    route.prefix > 1 && !link_local && !multicast && leads
}

/// Whether another namespace of this node has the address.
fn has_address(node: &Node, but: NetnsId, ip: IpAddr) -> bool {
    crate::topology::reach::owners(node, ip).iter().any(|owner| *owner != but)
}

/// Addresses inside a network that are unlikely to have a route of their own: near its end, and its first.
pub(super) fn inside((network, bits): (IpAddr, u8)) -> [IpAddr; 2] {
    match network {
        IpAddr::V4(ip) => {
            let host = u32::MAX.checked_shr(bits.into()).unwrap_or(0);
            let first = ip.to_bits() & !host;
            // Not the broadcast address.
            let last = if bits >= 31 { first } else { (first | host) - 1 };
            [last, first + u32::from(bits < 31)].map(|bits| IpAddr::V4(bits.into()))
        }
        IpAddr::V6(ip) => {
            let host = u128::MAX.checked_shr(bits.into()).unwrap_or(0);
            let first = ip.to_bits() & !host;
            let last = if bits >= 127 { first } else { (first | host) - 1 };
            [last, first + u128::from(bits < 127)].map(|bits| IpAddr::V6(bits.into()))
        }
    }
}
