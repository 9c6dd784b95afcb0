//! On which devices the TC programs go: every packet passes at least one of them, with as few of them as possible.
mod chokepoints;

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
pub(crate) fn wants_hooks(node: &Node, device: DeviceId) -> bool {
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
    let peer_is_leaf = node.netns.get(&peer.netns).is_some_and(is_leaf);
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
    let netns: Option<&Netns> = node.netns.get(&device.netns);
    let of_routes = netns.map_or(u32::MAX, |netns| lookup::smallest_limit(netns, device.ifindex));
    let wrong = tunnels(node, device.netns).filter(|below| below.wrong && below.tunnel.id() != device);
    wrong.map(|below| below.fits).min().map_or(of_routes, |fits| fits.min(of_routes))
}

/// The devices of one namespace that get TC programs, those by which most packets pass first: where nothing else is known of a
/// packet, it is seen at the first of them.
pub(crate) fn hooked(node: &Node, netns: NetnsId) -> Vec<Hooked> {
    let points = Chokepoints::of(node, netns);
    let links = || node.netns.get(&netns).into_iter().flat_map(|n| n.links.values());
    // Where tunnels' packets are made, what becomes of them is to be seen here.
    let makes = links().any(|link| link.tunnel.is_some() && link.up);
    let wanted = links().filter_map(|link| {
        let device = DeviceId { netns, ifindex: link.ifindex };
        let behind = link.peer.and_then(|peer| node.link(peer)).and_then(chokepoints::mac);
        let wanted = wants_hooks(node, device) && !points.covers(link.ifindex, behind);
        wanted.then(|| Hooked { device, egress: makes || wants_egress(node, link) })
    });
    let mut wanted: Vec<Hooked> = wanted.collect();
    wanted.sort_by_key(|hooked| node.link(hooked.device).map(|link| link.kind == LinkKind::Veth));
    wanted
}

/// Whether what leaves by this device is looked at where it does: not if it comes in at the other end of a veth that is hooked, or
/// whose bridge is.
fn wants_egress(node: &Node, link: &Link) -> bool {
    let other_end = || link.peer.filter(|_| link.kind == LinkKind::Veth);
    // A port that is left to its bridge would be hooked itself otherwise: either way its packets are looked at.
    !other_end().is_some_and(|peer| wants_hooks(node, peer))
}

/// Whether packets are looked at as they leave by this device.
pub(crate) fn sees_egress(node: &Node, device: DeviceId) -> bool {
    hooked(node, device.netns).iter().any(|hooked| hooked.device == device && hooked.egress)
}

#[cfg(test)]
mod tests;
