//! Routes (RTM_NEWROUTE).
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netlink_packet_route::AddressFamily;
use netlink_packet_route::route::{RouteFlags, RouteHeader, RouteType};

use crate::model::Route;
use crate::topology::netlink::{address_bits, attributes, ip_of, u32_of};

// linux/rtnetlink.h.
pub(super) const RTM_NEWROUTE: u16 = 24;
pub(super) const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;
pub(super) const RTA_GATEWAY: u16 = 5;
const RTA_PRIORITY: u16 = 6;
const RTA_PREFSRC: u16 = 7;
pub(super) const RTA_METRICS: u16 = 8;
const RTA_MULTIPATH: u16 = 9;
const RTA_TABLE: u16 = 15;
pub(super) const RTA_VIA: u16 = 18;
pub(super) const RTAX_MTU: u16 = 2;
const RTAX_ADVMSS: u16 = 8;
/// Bytes of `struct rtmsg` and `struct rtnexthop`, which stand before the attributes.
pub(super) const ROUTE_HEADER: usize = 12;
const NEXT_HOP_HEADER: usize = 8;
/// `RTNH_F_DEAD`: the device of this next hop is down.
pub(super) const DEAD: u8 = 1;

/// The routes that a message tells of: one for each next hop; nothing if it is of another table or carries no packets.
pub(super) fn route(family: AddressFamily, wanted: u32, kind: u16, payload: &[u8]) -> Option<Vec<Route>> {
    let header = RouteHeader::parse(payload).ok()?;
    if kind != RTM_NEWROUTE || header.address_family != family || header.kind != RouteType::Unicast {
        return None;
    }
    // Clones are cached path MTUs of single destinations, not routes.
    if header.flags.intersects(RouteFlags::Cloned | RouteFlags::Dead) {
        return None;
    }
    let any = if family == AddressFamily::Inet {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED)
    } else {
        IpAddr::V6(Ipv6Addr::UNSPECIFIED)
    };
    let prefix = header.destination_prefix_length.min(address_bits(any));
    let mut route = Route {
        table: wanted,
        destination: any,
        prefix,
        gateway: None,
        ifindex: 0,
        several: false,
        mtu: None,
        advmss: None,
        source: None,
        metric: 0,
    };
    let mut hops = Vec::new();
    let mut table = u32::from(header.table);
    for (attribute, value) in attributes(payload.get(ROUTE_HEADER..)?) {
        match attribute {
            RTA_DST => route.destination = ip_of(value)?,
            RTA_OIF => route.ifindex = u32_of(value)?,
            RTA_GATEWAY | RTA_VIA => route.gateway = gateway(attribute, value),
            RTA_PRIORITY => route.metric = u32_of(value)?,
            RTA_TABLE => table = u32_of(value)?,
            RTA_PREFSRC => route.source = ip_of(value),
            RTA_METRICS => {
                let metric = |wanted| attributes(value).find(|(metric, _)| *metric == wanted);
                let metric = |wanted| metric(wanted).and_then(|(_, value)| u32_of(value));
                (route.mtu, route.advmss) = (metric(RTAX_MTU), metric(RTAX_ADVMSS));
            }
            RTA_MULTIPATH => hops = next_hops(value),
            _ => {}
        }
    }
    if table != wanted {
        return None;
    }
    if hops.is_empty() {
        return (route.ifindex != 0).then(|| vec![route]);
    }
    let several = hops.len() > 1;
    Some(hops.into_iter().map(|(ifindex, gateway)| Route { ifindex, gateway, several, ..route }).collect())
}

fn gateway(attribute: u16, value: &[u8]) -> Option<IpAddr> {
    match attribute {
        RTA_GATEWAY => ip_of(value),
        // struct rtvia: a family, then an address of that family.
        RTA_VIA => ip_of(value.get(2..)?),
        _ => None,
    }
}

/// The next hops that are alive, by device and gateway (struct rtnexthop).
pub(super) fn next_hops(mut bytes: &[u8]) -> Vec<(u32, Option<IpAddr>)> {
    let mut found = Vec::new();
    while let Some(length) = bytes.first_chunk().map(|length| usize::from(u16::from_ne_bytes(*length))) {
        let (Some(hop), Some(flags)) = (bytes.get(NEXT_HOP_HEADER..length), bytes.get(2)) else { break };
        let ifindex = bytes.get(4..).and_then(u32_of).filter(|ifindex| *ifindex != 0 && flags & DEAD == 0);
        let gateway = || attributes(hop).find_map(|(attribute, value)| gateway(attribute, value));
        found.extend(ifindex.map(|ifindex| (ifindex, gateway())));
        bytes = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    found
}
