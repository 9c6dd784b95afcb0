//! What carries a tunnel, and how much of it is left for what is inside. Pure.
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use super::lookup::{Lookup, lookup};
use crate::model::{DeviceId, Hop, Learnt, Link, LinkKind, Netns, NetnsId, Node, Tunnel};

/// Tunnels in tunnels are followed no deeper than this.
const DEPTH: usize = 4;

/// Bytes by which IPv6's header is longer than IPv4's.
const IPV6_MORE: u32 = 20;

/// What is below a tunnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Underlay {
    /// The tunnel's device, with its own MTU.
    pub(crate) tunnel: Hop,
    /// The device that its packets leave by; `mtu` is what it carries of them, bytes at L3.
    pub(crate) device: Hop,
    /// Bytes that the tunnel puts around a packet.
    pub(crate) overhead: u32,
    /// The path MTU that limits the device, if the kernel has learnt one towards another end that is smaller than the device's.
    pub(crate) learnt: Option<Learnt>,
    /// The largest packet that fits, bytes at L3; the tunnel's MTU may be no larger.
    pub(crate) fits: u32,
    /// What does not fit is fragmented outside of the tunnel, rather than dropped.
    pub(crate) cuts: bool,
    /// The tunnel's own number is wrong: it promises more than fits, and nothing but that number guards the packets.
    pub(crate) wrong: bool,
}

/// What carries the tunnel `device`; nothing if it is none, is down, or what carries it cannot be told.
pub(crate) fn underlay(node: &Node, device: DeviceId) -> Option<Underlay> {
    below(node, device, DEPTH)
}

fn below(node: &Node, device: DeviceId, depth: usize) -> Option<Underlay> {
    let link = node.link(device).filter(|link| link.up)?;
    let tunnel = link.tunnel.as_ref()?;
    let home = home(node, device, tunnel)?;
    let remotes = remotes(node, device);
    let home_netns = node.netns.get(&home)?;
    let (ifindex, mtu) = carrier(home_netns, tunnel, remotes)?;
    let carrier = DeviceId { netns: home, ifindex };
    if carrier == device {
        return None;
    }
    let mut hop = Hop::new(carrier, node.link(carrier)?);
    hop.mtu = hop.mtu.min(mtu);
    if depth > 0
        && let Some(deeper) = below(node, carrier, depth - 1)
    {
        hop.mtu = hop.mtu.min(deeper.fits);
    }
    let ours = |ip: &IpAddr| tunnel.remote.as_ref() == Some(ip) || remotes.contains(ip);
    let learnt = home_netns.learnt.iter().filter(|learnt| ours(&learnt.destination) && learnt.mtu < hop.mtu);
    let learnt = learnt.min_by_key(|learnt| learnt.mtu).copied();
    hop.mtu = learnt.map_or(hop.mtu, |learnt| learnt.mtu);
    // Its own options do not say that it goes over IPv6.
    let v6 = tunnel.remote.or(tunnel.local).is_none() && remotes.first().is_some_and(IpAddr::is_ipv6);
    let overhead = tunnel.overhead.saturating_add(if v6 { IPV6_MORE } else { 0 });
    let fits = hop.mtu.saturating_sub(overhead);
    // As a port of a bridge a tunnel answers itself what is too big (skb_tunnel_check_pmtu).
    let cuts = tunnel.cuts && link.master.is_none();
    let wrong = link.mtu > fits && !tunnel.external;
    let tunnel_hop = Hop::new(device, link);
    Some(Underlay { tunnel: tunnel_hop, device: hop, overhead, learnt, fits, cuts, wrong })
}

/// The namespace that a tunnel's packets are sent from: the one that it was made in. Where that has no number in the
/// tunnel's own, which it was moved to, it is the host's, if that is known to have its address or to be Docker's place.
pub(super) fn home(node: &Node, device: DeviceId, tunnel: &Tunnel) -> Option<NetnsId> {
    if tunnel.nsid.is_none() {
        return Some(device.netns);
    }
    let of_host = || {
        let mounted = node.netns.get(&device.netns).is_some_and(|netns| netns.mount.is_some());
        let local = tunnel.local.is_some_and(|local| node.has_address(node.host, local));
        (mounted || local).then_some(node.host)
    };
    tunnel.netns.or_else(of_host)
}

/// The other ends of a tunnel that its forwarding database names.
pub(super) fn remotes(node: &Node, device: DeviceId) -> &[IpAddr] {
    let remotes = node.netns.get(&device.netns).and_then(|netns| netns.remotes.get(&device.ifindex));
    remotes.map_or(&[], |remotes| remotes.known.as_slice())
}

/// The other ends of tunnels, by the namespace that their packets leave.
pub(super) type Homes = BTreeMap<NetnsId, BTreeSet<IpAddr>>;

/// Those of a node.
pub(super) fn homes(node: &Node) -> Homes {
    let mut homes = Homes::new();
    for (&netns, known) in &node.netns {
        for (&ifindex, link) in &known.links {
            let device = DeviceId { netns, ifindex };
            let Some(tunnel) = link.tunnel.as_ref().filter(|_| link.up) else { continue };
            let Some(home) = home(node, device, tunnel) else { continue };
            homes.entry(home).or_default().extend(tunnel.remote.iter().chain(remotes(node, device)));
        }
    }
    homes.retain(|_, remotes| !remotes.is_empty());
    homes
}

/// By which device a tunnel's packets leave, and how large they may be there: by their route, else the device that the
/// tunnel is bound to, else the routes to the other ends that its forwarding database names, of which the narrowest
/// counts, else the device that has its address. If nothing of that is known, the widest way out: what does not fit
/// there fits nowhere.
fn carrier(netns: &Netns, tunnel: &Tunnel, remotes: &[IpAddr]) -> Option<(u32, u32)> {
    let unicast = tunnel.remote.filter(|ip| !ip.is_multicast());
    if let Some(remote) = unicast {
        return match lookup(netns, Some(remote)) {
            Lookup::Out(out) => Some((out.ifindex, out.mtu)),
            Lookup::Local | Lookup::Unreachable => None,
        };
    }
    let known = |ifindex: u32| Some((ifindex, netns.links.get(&ifindex).filter(|link| link.up)?.mtu));
    let routed = |remote: &IpAddr| match lookup(netns, Some(*remote)) {
        Lookup::Out(out) => Some((out.ifindex, out.mtu)),
        Lookup::Local | Lookup::Unreachable => None,
    };
    let unicast = remotes.iter().filter(|ip| !ip.is_multicast());
    if tunnel.link.is_none()
        && let Some(narrowest) = unicast.filter_map(routed).min_by_key(|(_, mtu)| *mtu)
    {
        return Some(narrowest);
    }
    let holder = |ip: IpAddr| netns.addresses.iter().find(|a| a.ip == ip).map(|a| a.ifindex);
    if let Some(bound) = tunnel.link.or_else(|| holder(tunnel.local?)) {
        return known(bound);
    }
    let outside = |link: &Link| matches!(link.kind, LinkKind::Physical | LinkKind::Vlan | LinkKind::Bond);
    let ways = netns.routes.iter().filter(|route| {
        let link = netns.links.get(&route.ifindex).filter(|link| link.tunnel.is_none());
        link.is_some_and(|link| outside(link) || route.gateway.is_some() && link.kind != LinkKind::Tun)
    });
    ways.filter_map(|route| known(route.ifindex)).max_by_key(|(_, mtu)| *mtu)
}

/// The tunnels of a namespace whose underlay is known.
pub(crate) fn tunnels(node: &Node, netns: NetnsId) -> impl Iterator<Item = Underlay> {
    let links = node.netns.get(&netns).into_iter().flat_map(|n| n.links.iter());
    let tunnels = links.filter(|(_, link)| link.tunnel.is_some()).map(|(&ifindex, _)| ifindex);
    tunnels.filter_map(move |ifindex| underlay(node, DeviceId { netns, ifindex }))
}

#[cfg(test)]
pub(crate) mod tests;
