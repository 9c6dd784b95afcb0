//! On which devices the TC programs go: every packet passes at least one of them, with as few of them as possible.
use super::lookup;
use super::underlay::tunnels;
use crate::model::{DeviceId, Link, LinkKind, Netns, NetnsId, Node};

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

/// The devices of one namespace that get TC programs.
pub(crate) fn hooked(node: &Node, netns: NetnsId) -> impl Iterator<Item = DeviceId> {
    let links = node.netns.get(&netns).into_iter().flat_map(|n| n.links.keys());
    links.map(move |&ifindex| DeviceId { netns, ifindex }).filter(|device| wants_hooks(node, *device))
}

#[cfg(test)]
mod tests;
