//! Which way a packet leaves a namespace, by its main routing table.
use std::cmp::Reverse;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::node::Netns;
use crate::model::{Address, LinkKind, Route};

/// What routing says about a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// It is an address of this namespace.
    Local,
    /// It leaves.
    Out(Egress),
    /// No route.
    Unreachable,
}

/// A way out of a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Egress {
    /// Device.
    pub ifindex: u32,
    /// Who gets the packet next: the gateway, or the destination if it is on the link. Absent for a default route
    /// without gateway.
    pub next_hop: Option<IpAddr>,
    /// Bytes at L3: the device's MTU, or the route's `mtu` attribute if that is smaller (ip_dst_mtu_maybe_forward).
    pub mtu: u32,
    /// The narrowest of several next hops over which connections are spread.
    pub several: bool,
}

/// Longest prefix, then metric, as fib_table_lookup does it; policy rules and other tables are not looked at.
///
/// `to` absent asks for the default route, IPv4 before IPv6; 0.0.0.0 and :: ask for that of their family. Half-internet routes (0.0.0.0/1), which VPNs put over the
/// default route, count as default routes. Devices that are down have no routes.
pub fn lookup(netns: &Netns, to: Option<IpAddr>) -> Lookup {
    let out = match to {
        Some(any) if any.is_unspecified() => default(netns, any),
        Some(ip) if netns.addresses.iter().any(|a| a.ip == ip) => return Lookup::Local,
        Some(ip) => towards(netns, ip),
        None => default(netns, Ipv4Addr::UNSPECIFIED.into())
            .or_else(|| default(netns, Ipv6Addr::UNSPECIFIED.into())),
    };
    out.map_or(Lookup::Unreachable, Lookup::Out)
}

fn towards(netns: &Netns, ip: IpAddr) -> Option<Egress> {
    let routes = netns.routes.iter().filter(|r| contains(r.destination, r.prefix, ip));
    let best =
        narrowest(netns, routes.filter(|r| usable(netns, r.ifindex)), |r| (r.prefix, Reverse(r.metric)));
    // The kernel makes a route for each address's network; those that it was told not to make come last.
    let connected =
        netns.addresses.iter().filter(|a| contains(a.ip, a.prefix, ip) && usable(netns, a.ifindex));
    // Of equal ones the first wins, as in the kernel.
    let connected = connected.min_by_key(|a| Reverse(a.prefix));
    let shorter = |a: &&Address| best.is_none_or(|route| route.prefix < a.prefix);
    if let Some(address) = connected.filter(shorter) {
        let mtu = netns.links.get(&address.ifindex)?.mtu;
        return Some(Egress { ifindex: address.ifindex, next_hop: Some(ip), mtu, several: false });
    }
    best.and_then(|route| egress(netns, route, route.gateway.or(Some(ip))))
}

fn default(netns: &Netns, any: IpAddr) -> Option<Egress> {
    let routes = netns.routes.iter().filter(|r| r.prefix <= 1 && r.destination.is_ipv4() == any.is_ipv4());
    let usable = routes.filter(|r| usable(netns, r.ifindex));
    let route = narrowest(netns, usable, |r| (r.prefix, Reverse(r.metric)))?;
    egress(netns, route, route.gateway)
}

/// The first of the routes that rank highest; if that is one of several next hops, the one that carries least.
fn narrowest<'a, R: Ord>(
    netns: &Netns,
    routes: impl Iterator<Item = &'a Route> + Clone,
    rank: impl Fn(&Route) -> R,
) -> Option<&'a Route> {
    let first = routes.clone().min_by_key(|r| Reverse(rank(r)))?;
    let beside = |r: &&Route| r.several && r.destination == first.destination && rank(r) == rank(first);
    let carries = |r: &&Route| egress(netns, r, None).map_or(u32::MAX, |out| out.mtu);
    if first.several { routes.filter(beside).min_by_key(carries) } else { Some(first) }
}

fn egress(netns: &Netns, route: &Route, next_hop: Option<IpAddr>) -> Option<Egress> {
    let device = netns.links.get(&route.ifindex)?.mtu;
    let mtu = route.mtu.unwrap_or(u32::MAX).min(device);
    Some(Egress { ifindex: route.ifindex, next_hop, mtu, several: route.several })
}

fn usable(netns: &Netns, ifindex: u32) -> bool {
    netns.links.get(&ifindex).is_some_and(|link| link.up && link.kind != LinkKind::Loopback)
}

/// Whether `ip` is in the network of `prefix` bits around `network`; never across families.
pub(crate) fn contains(network: IpAddr, prefix: u8, ip: IpAddr) -> bool {
    match (network, ip) {
        (IpAddr::V4(network), IpAddr::V4(ip)) => {
            let host = 32u32.saturating_sub(prefix.into());
            (u64::from(network.to_bits()) ^ u64::from(ip.to_bits())) >> host == 0
        }
        (IpAddr::V6(network), IpAddr::V6(ip)) => {
            let host = 128u32.saturating_sub(prefix.into());
            (network.to_bits() ^ ip.to_bits()).checked_shr(host).unwrap_or(0) == 0
        }
        _ => false,
    }
}

/// The smallest MTU, bytes at L3, that a packet coming in by the device `ifindex` could be routed to here: over all
/// devices that have a route or an address, and the `mtu` attributes of the routes. `u32::MAX` when there is no other
/// way out than the one it came by.
///
/// Link-local IPv6 networks are on every device, bridge ports too, and are never forwarded to (RFC 4291, 2.5.6).
pub fn smallest_limit(netns: &Netns, ifindex: u32) -> u32 {
    let link_local = |ip| matches!(ip, IpAddr::V6(ip) if Ipv6Addr::is_unicast_link_local(&ip));
    let routes = netns.routes.iter().filter(|r| !link_local(r.destination));
    let routes = routes.map(|r| (r.ifindex, r.mtu.unwrap_or(u32::MAX)));
    let addresses = netns.addresses.iter().filter(|a| !link_local(a.ip)).map(|a| (a.ifindex, u32::MAX));
    // What comes in by a port is routed as if it came by its bridge.
    let master = netns.links.get(&ifindex).and_then(|link| link.master);
    let (mut limit, mut elsewhere) = (u32::MAX, false);
    for (out, mtu) in routes.chain(addresses).filter(|(out, _)| usable(netns, *out)) {
        let device = netns.links.get(&out).map_or(u32::MAX, |link| link.mtu);
        limit = limit.min(mtu).min(device);
        elsewhere |= out != ifindex && Some(out) != master;
    }
    if elsewhere { limit } else { u32::MAX }
}

#[cfg(test)]
mod tests;
