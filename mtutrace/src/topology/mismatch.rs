//! Whether a namespace's own MTU is larger than its egress path carries. Pure.
use std::net::{IpAddr, Ipv6Addr};

use super::exits::is_uplink;
use super::odd_port::{lowering, odd_port};
use super::path::{bottleneck, path};
use super::underlay::{Underlay, underlay};
use crate::model::{DeviceId, Hop, LinkKind, Mismatch, NetnsId, Node};

/// Compares a namespace's own MTU with the smallest on its own side of the way to `remote`. Devices on the far
/// side belong to somebody else: a server's packets for a small pod are none of the server's fault.
pub(crate) fn mismatch(node: &Node, netns: NetnsId, remote: Option<IpAddr>) -> Option<Mismatch> {
    if netns == node.host {
        return None;
    }
    // The two families may leave by different devices.
    let v6 = remote.filter(IpAddr::is_ipv6).map(|_| Some(Ipv6Addr::UNSPECIFIED.into()));
    let ways = [None].into_iter().chain(v6).flat_map(|to| path(node, netns, to));
    let home: Vec<DeviceId> = ways.map(|hop| hop.id()).collect();
    let way = path(node, netns, remote);
    let own = way.first()?.id();
    let own_side = |hop: &Hop| {
        // On a network that leads nowhere else there is no default way.
        hop.id() == own
            || home.contains(&hop.id())
            || !matches!(hop.kind, LinkKind::Veth | LinkKind::Bridge | LinkKind::Loopback)
            || remote.is_some_and(|to| is_uplink(node, hop, to))
    };
    let mut hops: Vec<Hop> = way.into_iter().filter(own_side).collect();
    let first = hops.first()?;
    let own = wrong_tunnel(node, first).map_or_else(|| first.clone(), |below| below.tunnel);
    let (at, bottleneck) = bottleneck(&hops)?;
    if own.mtu <= bottleneck.mtu || own.netns != netns {
        return None;
    }
    let bottleneck = bottleneck.clone();
    hops.truncate(at + 1);
    // The network that the container was plugged into is what has to be made anew with another number.
    let bridge =
        || hops.iter().find(|h| h.kind == LinkKind::Bridge).filter(|b| b.mtu > bottleneck.mtu).cloned();
    let below = wrong_tunnel(node, &bottleneck);
    let culprit = below
        .map(|below| below.tunnel)
        .or_else(|| left_behind(node, &bottleneck))
        .or_else(bridge)
        .unwrap_or(own);
    Some(Mismatch { path: hops, culprit, bottleneck })
}

/// The bridge port whose own number is what limits the path there, if all its neighbours have larger ones.
fn left_behind(node: &Node, limit: &Hop) -> Option<Hop> {
    let port = odd_port(node, limit.id()).map(|_| limit.id()).or_else(|| lowering(node, limit.id()))?;
    Some(Hop::new(port, node.link(port)?))
}

/// What is below the tunnel of this hop, if the tunnel's own number is what is wrong.
pub(crate) fn wrong_tunnel(node: &Node, hop: &Hop) -> Option<Underlay> {
    underlay(node, hop.id()).filter(|below| below.wrong && hop.mtu == below.fits)
}
