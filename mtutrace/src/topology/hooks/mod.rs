//! On which devices the TC programs go: every packet passes at least one of them, with as few of them as possible.
mod chokepoints;

use std::collections::BTreeMap;

use mtutrace_common::config::MAX_OWNERS;

use super::lookup;
use super::underlay::tunnels;
use crate::model::{DeviceId, Link, LinkKind, Netns, NetnsId, Node};

pub(crate) use chokepoints::Chokepoints;

/// A device that gets TC programs: what comes in by it is looked at, and what leaves if `egress`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hooked {
    /// The device.
    pub(crate) device: DeviceId,
    /// Both directions, rather than ingress alone.
    pub(crate) egress: bool,
}

/// Whether TC programs go on this device.
///
/// Not on loopback, nor on devices that send nothing anywhere (dummy, ifb and their like: virtual, of no known kind,
/// and no gateway is reached through them), nor on ports of a bond (the bond is hooked). Not on the device of a leaf
/// namespace, as nearly every container is one, if what is at its other end is known: that end is hooked instead, and
/// a thousand containers cost a thousand hooks, not two thousand. Of two leaves that face each other one end is hooked:
/// the host's, else the one with the smaller (namespace, index).
fn wants_hooks(node: &Node, device: DeviceId) -> bool {
    let (Some(netns), Some(link)) = (node.netns.get(&device.netns), node.link(device)) else { return false };
    let kind_of = |ifindex: &u32| netns.links.get(ifindex).map(|link| link.kind);
    if link.master.as_ref().and_then(kind_of) == Some(LinkKind::Bond) {
        return false;
    }
    match link.kind {
        LinkKind::Loopback => false,
        LinkKind::Other => netns.routes.iter().any(|r| r.ifindex == link.ifindex && r.gateway.is_some()),
        // Modules put a fallback device (tunl0, sit0) into every namespace, which is never up.
        LinkKind::IpTunnel => link.up,
        LinkKind::Veth => !is_leaf(netns) || !other_end_is_hooked(node, device, link),
        LinkKind::Macvlan | LinkKind::Ipvlan => !is_leaf(netns) || lower(node, device, link).is_none(),
        LinkKind::Physical
        | LinkKind::Bridge
        | LinkKind::Vxlan
        | LinkKind::Geneve
        | LinkKind::Wireguard
        | LinkKind::Tun
        | LinkKind::Vlan
        | LinkKind::Bond => true,
    }
}

/// For the veth of a leaf: whether its peer is known, and is the one that gets the programs.
fn other_end_is_hooked(node: &Node, device: DeviceId, link: &Link) -> bool {
    let Some(peer) = link.peer.filter(|peer| node.link(*peer).is_some()) else { return false };
    let peer_is_leaf = node.netns.get(&peer.netns).is_some_and(|netns| is_leaf(netns));
    let rank = |end: DeviceId| (end.netns != node.host, end);
    !peer_is_leaf || rank(peer) < rank(device)
}

/// The lower device, if it is in another namespace that is known.
fn lower(node: &Node, device: DeviceId, link: &Link) -> Option<DeviceId> {
    link.peer.filter(|lower| lower.netns != device.netns && node.link(*lower).is_some())
}

/// A namespace in which nothing is nested: no bridge, no tunnel, at most one device up besides loopback.
fn is_leaf(netns: &Netns) -> bool {
    let mut up = 0;
    for link in netns.links.values().filter(|link| link.kind != LinkKind::Loopback) {
        up += usize::from(link.up);
        let nests = match link.kind {
            LinkKind::Bridge => true,
            LinkKind::Vxlan | LinkKind::Geneve | LinkKind::IpTunnel | LinkKind::Wireguard | LinkKind::Tun => {
                link.up
            }
            _ => false,
        };
        if nests {
            return false;
        }
    }
    up <= 1
}

/// The smallest MTU, bytes at L3, to which a packet that comes in by this device could be routed in its namespace;
/// `u32::MAX` when there is no other way out. See [`lookup::smallest_limit`]. A tunnel whose number is wrong takes what its
/// underlay leaves for it.
pub(crate) fn smallest_limit(node: &Node, device: DeviceId) -> u32 {
    let netns = node.netns.get(&device.netns);
    let of_routes = netns.map_or(u32::MAX, |netns| lookup::smallest_limit(netns, device.ifindex));
    let wrong = tunnels(node, device.netns).filter(|below| below.wrong && below.tunnel.id() != device);
    wrong.map(|below| below.fits).min().map_or(of_routes, |fits| fits.min(of_routes))
}

/// Which devices of a node get TC programs.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Which bridges stand in for which of their ports.
    pub(crate) chokepoints: BTreeMap<NetnsId, Chokepoints>,
    /// The devices of each namespace, those by which most packets pass first: where nothing else is known of a packet, it is seen at
    /// the first of them.
    pub(crate) devices: BTreeMap<NetnsId, Vec<Hooked>>,
}

impl Plan {
    /// That of the node as it is.
    pub(crate) fn of(node: &Node) -> Plan {
        let chokepoints = Chokepoints::all(node, MAX_OWNERS as usize);
        let of = |netns: &NetnsId| (*netns, devices(node, *netns, chokepoints.get(netns)));
        let devices = node.netns.keys().map(of).collect();
        Plan { chokepoints, devices }
    }

    /// How many devices it has.
    pub(crate) fn len(&self) -> usize {
        self.devices.values().map(Vec::len).sum()
    }
}

fn devices(node: &Node, netns: NetnsId, points: Option<&Chokepoints>) -> Vec<Hooked> {
    let links = node.netns.get(&netns).into_iter().flat_map(|n| n.links.values());
    let left_to_bridge = |link: &Link| points.is_some_and(|points| points.ports.contains_key(&link.ifindex));
    let mut wanted: Vec<&Link> = links.filter(|link| !left_to_bridge(link)).collect();
    wanted.sort_by_key(|link| link.kind == LinkKind::Veth);
    let hooked = |link: &Link| {
        let device = DeviceId { netns, ifindex: link.ifindex };
        wants_hooks(node, device).then(|| Hooked { device, egress: wants_egress(node, device) })
    };
    wanted.into_iter().filter_map(hooked).collect()
}

/// Whether what leaves by this device is looked at where it does: not if it comes in at the other end of a veth that is hooked, or
/// whose bridge is. Where tunnels' packets are made, what becomes of them is to be seen there.
fn wants_egress(node: &Node, device: DeviceId) -> bool {
    let own = || node.netns.get(&device.netns).into_iter().flat_map(|netns| netns.links.values());
    let other_end = node.link(device).filter(|link| link.kind == LinkKind::Veth).and_then(|link| link.peer);
    // A port that is left to its bridge would be hooked itself otherwise: either way its packets are looked at.
    !other_end.is_some_and(|peer| wants_hooks(node, peer))
        || own().any(|link| link.tunnel.is_some() && link.up)
}

/// Whether packets are looked at as they leave by this device.
pub(crate) fn sees_egress(node: &Node, device: DeviceId) -> bool {
    let is_port = || node.link(device).is_some_and(|link| link.master.is_some());
    let left_to_bridge = || {
        let points = Chokepoints::all(node, MAX_OWNERS as usize);
        points.get(&device.netns).is_some_and(|points| points.ports.contains_key(&device.ifindex))
    };
    wants_hooks(node, device) && wants_egress(node, device) && !(is_port() && left_to_bridge())
}

#[cfg(test)]
mod tests;
