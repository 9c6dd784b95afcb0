//! Reads the devices, addresses, routes and rules of the current namespace.
mod learnt;
mod rule;
mod tunnel;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netlink_packet_route::address::{AddressHeader, AddressMessage};
use netlink_packet_route::link::{
    LinkAttribute, LinkExtentMask, LinkFlags, LinkHeader, LinkLayerType, LinkMessage,
};
use netlink_packet_route::route::{RouteAttribute, RouteFlags, RouteHeader, RouteMessage, RouteType};
use netlink_packet_route::rule::RuleMessage;
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use super::lookup::{LOCAL, MAIN};
use super::netlink::{Conversation, attributes, i32_of, ip_of, text_of, u32_of};
use super::node::Netns;
use crate::model::{Action, Address, Learnt, Link, LinkKind, Route, Rule, Tunnel};

// Message and attribute types: linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h.
const RTM_NEWLINK: u16 = 16;
const RTM_NEWADDR: u16 = 20;
const RTM_NEWROUTE: u16 = 24;
const IFLA_ADDRESS: u16 = 1;
const IFLA_IFNAME: u16 = 3;
const IFLA_MTU: u16 = 4;
const IFLA_LINK: u16 = 5;
const IFLA_MASTER: u16 = 10;
const IFLA_LINKINFO: u16 = 18;
const IFLA_LINK_NETNSID: u16 = 37;
const IFLA_INFO_KIND: u16 = 1;
const IFLA_INFO_DATA: u16 = 2;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const RTA_PRIORITY: u16 = 6;
const RTA_PREFSRC: u16 = 7;
const RTA_METRICS: u16 = 8;
const RTA_MULTIPATH: u16 = 9;
const RTA_TABLE: u16 = 15;
const RTA_VIA: u16 = 18;
const RTAX_MTU: u16 = 2;
const RTAX_ADVMSS: u16 = 8;
/// Most tables besides main that are read; rules that lead to more are not followed.
const TABLES: usize = 64;
/// Most routes that are kept of them.
const ROUTES: usize = 4096;
/// Bytes of `struct ifinfomsg`, `ifaddrmsg`, `rtmsg` and `rtnexthop`, which stand before the attributes.
const LINK_HEADER: usize = 16;
const ADDRESS_HEADER: usize = 8;
const ROUTE_HEADER: usize = 12;
const NEXT_HOP_HEADER: usize = 8;
/// `RTNH_F_DEAD`: the device of this next hop is down.
const DEAD: u8 = 1;

/// What a device says of the device that it hangs on, before it is known which one that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RawPeer {
    /// The device that says it.
    pub ifindex: u32,
    /// Index of the other device in its own namespace (`IFLA_LINK`); 0 of a tunnel that is bound to none.
    pub link: u32,
    /// The other's namespace by the number it has here (`IFLA_LINK_NETNSID`); absent when it is this one.
    pub nsid: Option<i32>,
}

/// A namespace as the kernel tells it, and what is left to find out.
#[derive(Clone, Debug, Default)]
pub struct Dump {
    /// Devices, addresses, routes and rules; who owns it is left empty, and no device has a peer.
    pub netns: Netns,
    /// For each device that hangs on another one.
    pub peers: Vec<RawPeer>,
}

/// Reads the current network namespace, with the path MTUs that it has learnt if `exceptions` are wanted. Fails when the
/// kernel refuses, or takes longer than two seconds to answer.
///
/// Sources: RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE and RTM_GETRULE (rtnetlink(7)). Routes of the main table and of those
/// that rules lead to, unicast, alive.
pub fn dump(exceptions: bool) -> io::Result<Dump> {
    let mut kernel = Conversation::open()?;
    let mut request = LinkMessage::default();
    // Statistics are most of a device's message, and are not wanted here.
    request.attributes.push(LinkAttribute::ExtMask(vec![LinkExtentMask::SkipStats]));
    let devices = kernel.dump(RouteNetlinkMessage::GetLink(request), link)?;
    let mut found = Dump::default();
    for (device, peer) in devices {
        found.netns.links.insert(device.ifindex, device);
        found.peers.extend(peer);
    }
    let mut others = Vec::new();
    for family in [AddressFamily::Inet, AddressFamily::Inet6] {
        let mut request = AddressMessage::default();
        request.header.family = family;
        let request = RouteNetlinkMessage::GetAddress(request);
        found.netns.addresses.extend(kernel.dump(request, |kind, payload| address(family, kind, payload))?);
        found.netns.routes.extend(routes(&mut kernel, family, MAIN)?);
        let mut rules = rules(&mut kernel, family)?;
        if !rule::are_standard(&rules) {
            for table in follow(&mut rules) {
                others.extend(routes(&mut kernel, family, table)?);
            }
            found.netns.rules.extend(rules);
        }
        if exceptions {
            found.netns.learnt.extend(exceptions_of(&mut kernel, family)?);
        }
    }
    // If not all of them can be kept, then those that say most.
    others.sort_by_key(|route| route.prefix > 1 && route.mtu.is_none() && route.advmss.is_none());
    found.netns.routes_cut = others.len().saturating_sub(ROUTES);
    others.truncate(ROUTES);
    found.netns.routes.extend(others);
    found.netns.learnt.sort_by_key(|learnt| learnt.mtu);
    found.netns.learnt.truncate(learnt::MOST);
    Ok(found)
}

/// The tables that the rules lead to, besides main; rules for which they would be too many are given up.
fn follow(rules: &mut [Rule]) -> BTreeSet<u32> {
    let mut tables = BTreeSet::new();
    for rule in rules {
        let Action::Table(table) = rule.action else { continue };
        if table == MAIN || table == LOCAL || !rule.is_followed() {
            continue;
        }
        if tables.len() < TABLES {
            tables.insert(table);
        }
        rule.unknown = !tables.contains(&table);
    }
    tables
}

fn routes(kernel: &mut Conversation, family: AddressFamily, table: u32) -> io::Result<Vec<Route>> {
    let mut request = RouteMessage::default();
    request.header.address_family = family;
    match u8::try_from(table) {
        Ok(table) => request.header.table = table,
        Err(_) => request.attributes.push(RouteAttribute::Table(table)),
    }
    let request = RouteNetlinkMessage::GetRoute(request);
    match kernel.dump(request, |kind, payload| route(family, table, kind, payload)) {
        Ok(routes) => Ok(routes.into_iter().flatten().collect()),
        // The table is made with its first route (inet_dump_fib, inet6_dump_fib).
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn rules(kernel: &mut Conversation, family: AddressFamily) -> io::Result<Vec<Rule>> {
    let mut request = RuleMessage::default();
    request.header.family = family;
    let request = RouteNetlinkMessage::GetRule(request);
    match kernel.dump(request, |kind, payload| rule::rule(family, kind, payload)) {
        // A kernel without policy routing, or without IPv6.
        Err(error) if matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::EAFNOSUPPORT)) => {
            Ok(Vec::new())
        }
        other => other,
    }
}

fn exceptions_of(kernel: &mut Conversation, family: AddressFamily) -> io::Result<Vec<Learnt>> {
    let mut request = RouteMessage::default();
    request.header.address_family = family;
    request.header.flags = RouteFlags::Cloned;
    let request = RouteNetlinkMessage::GetRoute(request);
    kernel.dump(request, |_, payload| learnt::learnt(family, payload))
}

fn link(kind: u16, payload: &[u8]) -> Option<(Link, Option<RawPeer>)> {
    if kind != RTM_NEWLINK {
        return None;
    }
    let header = LinkHeader::parse(payload).ok()?;
    let values: BTreeMap<u16, &[u8]> = attributes(payload.get(LINK_HEADER..)?).collect();
    let number = |attribute: u16| values.get(&attribute).and_then(|value| u32_of(value));
    let info = values.get(&IFLA_LINKINFO).copied().unwrap_or_default();
    let info: BTreeMap<u16, &[u8]> = attributes(info).collect();
    let kind = info.get(&IFLA_INFO_KIND).map(|name| text_of(name));
    let ethernet = header.link_layer_type == LinkLayerType::Ether;
    let nsid = values.get(&IFLA_LINK_NETNSID).and_then(|value| i32_of(value));
    let link = number(IFLA_LINK).filter(|link| *link != 0);
    let data = info.get(&IFLA_INFO_DATA).copied().unwrap_or_default();
    let tunnel = kind.as_deref().and_then(|kind| tunnel::tunnel(kind, data, ethernet));
    let tunnel = tunnel.map(|tunnel| Tunnel { link: tunnel.link.or(link), nsid, ..tunnel });
    let device = Link {
        ifindex: header.index,
        name: values.get(&IFLA_IFNAME).map(|name| text_of(name)).unwrap_or_default(),
        mtu: number(IFLA_MTU)?,
        kind: match kind {
            _ if header.flags.contains(LinkFlags::Loopback) => LinkKind::Loopback,
            Some(kind) => link_kind(&kind),
            None => LinkKind::Physical,
        },
        ethernet,
        up: header.flags.contains(LinkFlags::Up),
        mac: values.get(&IFLA_ADDRESS).map(|mac| mac.to_vec()).unwrap_or_default(),
        master: number(IFLA_MASTER).filter(|master| *master != 0),
        peer: None,
        tunnel,
    };
    // A tunnel may be bound to no device, and still to a namespace.
    let link = link.or(device.tunnel.as_ref().and(nsid).map(|_| 0));
    let peer = link.map(|link| RawPeer { ifindex: header.index, link, nsid });
    Some((device, peer))
}

/// The kind of a device by its driver's name (`rtnl_link_ops.kind`).
///
/// netkit counts as veth: it is a pair as well, and its ends name each other in the same way. PPP, GTP, XFRM and their
/// like count as IP tunnels.
pub(crate) fn link_kind(name: &str) -> LinkKind {
    match name {
        "veth" | "netkit" => LinkKind::Veth,
        "bridge" => LinkKind::Bridge,
        "vxlan" => LinkKind::Vxlan,
        "geneve" => LinkKind::Geneve,
        "ipip" | "sit" | "gre" | "gretap" | "erspan" | "ip6tnl" | "ip6gre" | "ip6gretap" | "ip6erspan"
        | "vti" | "vti6" | "xfrm" | "bareudp" | "gtp" | "ppp" => LinkKind::IpTunnel,
        "wireguard" | "amneziawg" => LinkKind::Wireguard,
        "tun" => LinkKind::Tun,
        "vlan" => LinkKind::Vlan,
        "macvlan" | "macvtap" => LinkKind::Macvlan,
        "ipvlan" | "ipvtap" => LinkKind::Ipvlan,
        "bond" | "team" => LinkKind::Bond,
        "ipoib" | "dsa" => LinkKind::Physical,
        _ => LinkKind::Other,
    }
}

/// A kernel without IPv6 answers for all families instead (rtnl_dump_all), so the family is checked.
fn address(family: AddressFamily, kind: u16, payload: &[u8]) -> Option<Address> {
    let header = AddressHeader::parse(payload).ok()?;
    if kind != RTM_NEWADDR || header.family != family {
        return None;
    }
    let (mut local, mut network) = (None, None);
    for (attribute, value) in attributes(payload.get(ADDRESS_HEADER..)?) {
        match attribute {
            IFA_LOCAL => local = ip_of(value),
            IFA_ADDRESS => network = ip_of(value),
            _ => {}
        }
    }
    let ip = local.or(network)?;
    // On point-to-point links the prefix is the peer's, which has a route of its own.
    let pointed = network.is_some_and(|network| network != ip);
    let prefix = if pointed { bits(ip) } else { header.prefix_len.min(bits(ip)) };
    Some(Address { ifindex: header.index, ip, prefix })
}

fn route(family: AddressFamily, wanted: u32, kind: u16, payload: &[u8]) -> Option<Vec<Route>> {
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
    let prefix = header.destination_prefix_length.min(bits(any));
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
fn next_hops(mut bytes: &[u8]) -> Vec<(u32, Option<IpAddr>)> {
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

fn bits(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { 32 } else { 128 }
}

/// Takes a message's payload for each kind of message in turn (tests/fuzz).
#[cfg(feature = "fuzzing")]
pub(crate) fn read_any(payload: &[u8]) {
    link(RTM_NEWLINK, payload);
    for family in [AddressFamily::Inet, AddressFamily::Inet6] {
        address(family, RTM_NEWADDR, payload);
        route(family, MAIN, RTM_NEWROUTE, payload);
        rule::rule(family, rule::RTM_NEWRULE, payload);
        learnt::learnt(family, payload);
    }
}

#[cfg(test)]
mod tests;
