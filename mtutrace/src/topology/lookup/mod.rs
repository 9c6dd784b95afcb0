//! Which way a packet leaves a namespace, by its rules and routing tables.
mod rules;

use std::cmp::Reverse;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::{Address, LinkKind, Netns, Route};

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
    /// The MSS that the route says to announce (`advmss`).
    pub advmss: Option<u32>,
    /// The source that the route says to take (`src`).
    source: Option<IpAddr>,
    /// Bits of the route.
    prefix: u8,
}

/// `RT_TABLE_MAIN`
pub(crate) const MAIN: u32 = 254;
/// `RT_TABLE_LOCAL`
pub(crate) const LOCAL: u32 = 255;

/// What rules want to know of a packet besides its destination.
#[derive(Clone, Copy, Debug, Default)]
pub struct Origin<'a> {
    /// What may be its source: several where NAT may have changed it, none before the kernel has chosen one.
    pub from: &'a [IpAddr],
    /// The device by which it came into the namespace; absent for those of the namespace itself.
    pub came_by: Option<u32>,
}

/// Where the namespace itself sends what is for `to`. By its rules, and in each table by longest prefix, then metric, as
/// fib_rules_lookup and fib_table_lookup do it for packets without mark and of sockets that are bound to no device.
///
/// `to` absent asks for the default route, IPv4 before IPv6; 0.0.0.0 and :: ask for that of their family. Half-internet routes (0.0.0.0/1), which VPNs put over the
/// default route, count as default routes. Devices that are down have no routes.
pub fn lookup(netns: &Netns, to: Option<IpAddr>) -> Lookup {
    originate(netns, to).0
}

/// The same, and the source that the kernel chooses for it.
///
/// It looks for a way without a source, takes the address of the device that it finds, and looks again
/// (ip_route_connect). Where there is no way without a source, those that have one, as servers do, may still find theirs.
pub fn originate(netns: &Netns, to: Option<IpAddr>) -> (Lookup, Option<IpAddr>) {
    first_way(to, |to| {
        let first = rules::route(netns, to, Origin::default());
        let chosen = source(netns, &first, to);
        if !netns.rules.iter().any(|rule| rule.from.is_some()) {
            return (first, chosen);
        }
        let again = |source: IpAddr| {
            let way = rules::route(netns, to, Origin { from: &[source], came_by: None });
            (way, Some(source))
        };
        match (first, chosen) {
            (Lookup::Out(_), Some(source)) => again(source),
            (Lookup::Unreachable, _) => {
                let mut ways = sources(netns, to).map(|address| again(address.ip));
                ways.find(|(way, _)| matches!(way, Lookup::Out(_))).unwrap_or((first, None))
            }
            _ => (first, chosen),
        }
    })
}

/// Where the namespace sends on what came in from elsewhere, and the source that it has after masquerading.
pub fn forward(netns: &Netns, to: Option<IpAddr>, origin: Origin<'_>) -> (Lookup, Option<IpAddr>) {
    first_way(to, |to| {
        let way = rules::route(netns, to, origin);
        (way, source(netns, &way, to))
    })
}

/// Of the way to `to`; without it, of IPv4's default way, else IPv6's.
fn first_way(
    to: Option<IpAddr>,
    way: impl Fn(IpAddr) -> (Lookup, Option<IpAddr>),
) -> (Lookup, Option<IpAddr>) {
    if let Some(to) = to {
        return way(to);
    }
    let v4 = way(Ipv4Addr::UNSPECIFIED.into());
    if matches!(v4.0, Lookup::Out(_)) { v4 } else { way(Ipv6Addr::UNSPECIFIED.into()) }
}

/// The source of a packet that goes that way.
fn source(netns: &Netns, way: &Lookup, to: IpAddr) -> Option<IpAddr> {
    let Lookup::Out(out) = way else { return None };
    let on_device = || sources(netns, to).find(|address| address.ifindex == out.ifindex);
    out.source.or_else(|| Some(on_device().or_else(|| sources(netns, to).next())?.ip))
}

/// The addresses that packets of this family go out into the world with.
fn sources(netns: &Netns, to: IpAddr) -> impl Iterator<Item = &Address> {
    let of_family = move |a: &&Address| a.ip.is_ipv4() == to.is_ipv4();
    netns.addresses.iter().filter(of_family).filter(|a| !a.ip.is_loopback() && !link_local(a.ip))
}

/// The way that one table knows.
fn in_table(netns: &Netns, table: u32, to: IpAddr) -> Option<Egress> {
    if to.is_unspecified() { default(netns, table, to) } else { towards(netns, table, to) }
}

fn towards(netns: &Netns, table: u32, ip: IpAddr) -> Option<Egress> {
    let routes = netns.routes.iter().filter(|r| r.table == table && contains(r.destination, r.prefix, ip));
    let best =
        narrowest(netns, routes.filter(|r| usable(netns, r.ifindex)), |r| (r.prefix, Reverse(r.metric)));
    // The kernel makes a route for each address's network; those that it was told not to make come last.
    let connected = netns.addresses.iter().filter(|a| table == MAIN && contains(a.ip, a.prefix, ip));
    // Of equal ones the first wins, as in the kernel.
    let connected = connected.filter(|a| usable(netns, a.ifindex)).min_by_key(|a| Reverse(a.prefix));
    let shorter = |a: &&Address| best.is_none_or(|route| route.prefix < a.prefix);
    if let Some(address) = connected.filter(shorter) {
        let &Address { ifindex, prefix, ip: source } = address;
        let mtu = netns.links.get(&ifindex)?.mtu;
        let (next_hop, source) = (Some(ip), Some(source));
        return Some(Egress { ifindex, next_hop, mtu, several: false, advmss: None, source, prefix });
    }
    best.and_then(|route| egress(netns, route, route.gateway.or(Some(ip))))
}

fn default(netns: &Netns, table: u32, any: IpAddr) -> Option<Egress> {
    let of_family = |r: &&Route| r.destination.is_ipv4() == any.is_ipv4();
    let routes = netns.routes.iter().filter(|r| r.prefix <= 1 && r.table == table).filter(of_family);
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
    let &Route { ifindex, several, advmss, source, prefix, .. } = route;
    Some(Egress { ifindex, next_hop, mtu, several, advmss, source, prefix })
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

fn link_local(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local())
}

/// The smallest MTU, bytes at L3, that a packet coming in by the device `ifindex` could be routed to here: over all
/// devices that have a route or an address, and the `mtu` attributes of the routes. `u32::MAX` when there is no other
/// way out than the one it came by.
///
/// Link-local IPv6 networks are on every device, bridge ports too, and are never forwarded to (RFC 4291, 2.5.6).
pub fn smallest_limit(netns: &Netns, ifindex: u32) -> u32 {
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
