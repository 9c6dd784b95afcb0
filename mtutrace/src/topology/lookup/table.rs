//! One routing table: the longest prefix, then the smallest metric, wins (fib_table_lookup).
use std::cmp::Reverse;
use std::net::IpAddr;

use crate::model::{Address, LinkKind, Netns, Route};

/// `RT_TABLE_MAIN`
pub(crate) const MAIN: u32 = 254;
/// `RT_TABLE_LOCAL`
pub(crate) const LOCAL: u32 = 255;

/// A way out of a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Egress {
    /// Device.
    pub(crate) ifindex: u32,
    /// Who gets the packet next: the gateway, or the destination if it is on the link. Absent for a default route
    /// without gateway.
    pub(crate) next_hop: Option<IpAddr>,
    /// Bytes at L3: the device's MTU, or the route's `mtu` attribute if that is smaller (ip_dst_mtu_maybe_forward).
    pub(crate) mtu: u32,
    /// The narrowest of several next hops over which connections are spread.
    pub(crate) several: bool,
    /// The MSS that the route says to announce (`advmss`).
    pub(crate) advmss: Option<u32>,
    /// The source that the route says to take (`src`).
    pub(super) source: Option<IpAddr>,
    /// Bits of the route.
    pub(super) prefix: u8,
}

/// The way that one table knows.
pub(super) fn in_table(netns: &Netns, table: u32, to: IpAddr) -> Option<Egress> {
    if to.is_unspecified() { default(netns, table, to) } else { towards(netns, table, to) }
}

fn towards(netns: &Netns, table: u32, ip: IpAddr) -> Option<Egress> {
    let routes = netns.routes.iter().filter(|r| r.table == table && contains(r.destination, r.prefix, ip));
    let best =
        narrowest(netns, routes.filter(|r| usable(netns, r.ifindex)), |r| (r.prefix, Reverse(r.metric)));
    // The kernel makes a route for each address's network; those that it was told not to make come last.
    let in_vrf = |ifindex: u32| {
        let master = netns.links.get(&ifindex).and_then(|link| link.master);
        master.is_some_and(|master| netns.vrfs.contains_key(&master))
    };
    let connected = netns.addresses.iter().filter(|a| table == MAIN && contains(a.ip, a.prefix, ip));
    let connected = connected.filter(|a| !in_vrf(a.ifindex));
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

/// Whether packets leave by this device.
pub(in crate::topology) fn usable(netns: &Netns, ifindex: u32) -> bool {
    netns.links.get(&ifindex).is_some_and(|link| link.up && link.kind != LinkKind::Loopback)
}

/// Whether `ip` is in the network of `prefix` bits around `network`; never across families.
pub(super) fn contains(network: IpAddr, prefix: u8, ip: IpAddr) -> bool {
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
