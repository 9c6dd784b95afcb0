//! Which way a packet leaves a namespace, by its rules and routing tables.
mod rules;
mod table;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::{Address, Netns};
pub(crate) use rules::{Lookup, Origin};
pub(super) use table::usable;
pub(crate) use table::{LOCAL, MAIN};

/// Where the namespace itself sends what is for `to`. By its rules, and in each table by longest prefix, then metric, as
/// fib_rules_lookup and fib_table_lookup do it for packets without mark and of sockets that are bound to no device.
///
/// `to` absent asks for the default route, IPv4 before IPv6; 0.0.0.0 and :: ask for that of their family. Half-internet routes (0.0.0.0/1), which VPNs put over the
/// default route, count as default routes. Devices that are down have no routes.
pub(crate) fn lookup(netns: &Netns, to: Option<IpAddr>) -> Lookup {
    originate(netns, to).0
}

/// The same, and the source that the kernel chooses for it.
///
/// It looks for a way without a source, takes the address of the device that it finds, and looks again
/// (ip_route_connect). Where there is no way without a source, those that have one, as servers do, may still find theirs.
pub(crate) fn originate(netns: &Netns, to: Option<IpAddr>) -> (Lookup, Option<IpAddr>) {
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
pub(crate) fn forward(netns: &Netns, to: Option<IpAddr>, origin: Origin<'_>) -> (Lookup, Option<IpAddr>) {
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

fn link_local(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if ip.is_unicast_link_local())
}

/// The smallest MTU, bytes at L3, that a packet coming in by the device `ifindex` could be routed to here: over all
/// devices that have a route or an address, and the `mtu` attributes of the routes. `u32::MAX` when there is no other
/// way out than the one it came by.
///
/// Link-local IPv6 networks are on every device, bridge ports too, and are never forwarded to (RFC 4291, 2.5.6).
pub(crate) fn smallest_limit(netns: &Netns, ifindex: u32) -> u32 {
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
