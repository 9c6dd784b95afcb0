//! Reads the devices, addresses and routes of the current namespace.
mod tunnel;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netlink_packet_route::address::{AddressHeader, AddressMessage};
use netlink_packet_route::link::{
    LinkAttribute, LinkExtentMask, LinkFlags, LinkHeader, LinkLayerType, LinkMessage,
};
use netlink_packet_route::route::{RouteFlags, RouteHeader, RouteMessage, RouteType};
use netlink_packet_route::rule::RuleMessage;
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use super::netlink::{Conversation, attributes, i32_of, ip_of, text_of, u32_of};
use super::node::Netns;
use crate::model::{Address, Link, LinkKind, Route, Tunnel};

// Message and attribute types: linux/rtnetlink.h, linux/if_link.h, linux/if_addr.h.
const RTM_NEWLINK: u16 = 16;
const RTM_NEWADDR: u16 = 20;
const RTM_NEWROUTE: u16 = 24;
const RTM_NEWRULE: u16 = 32;
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
const RTA_METRICS: u16 = 8;
const RTA_MULTIPATH: u16 = 9;
const RTA_TABLE: u16 = 15;
const RTA_VIA: u16 = 18;
const RTAX_MTU: u16 = 2;
/// What a rule may look at besides addresses (linux/fib_rules.h): FRA_IIFNAME, FRA_FWMARK, FRA_OIFNAME, FRA_L3MDEV,
/// FRA_UID_RANGE, FRA_IP_PROTO and the ports.
const SELECTORS: [u16; 8] = [3, 10, 17, 19, 20, 22, 23, 24];
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

/// Reads the current network namespace. Fails when the kernel refuses, or takes longer than two seconds to answer.
///
/// Sources: RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE and RTM_GETRULE (rtnetlink(7)). Routes of the main table, unicast, alive.
pub fn dump() -> io::Result<Dump> {
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
    for family in [AddressFamily::Inet, AddressFamily::Inet6] {
        let mut request = AddressMessage::default();
        request.header.family = family;
        let request = RouteNetlinkMessage::GetAddress(request);
        found.netns.addresses.extend(kernel.dump(request, |kind, payload| address(family, kind, payload))?);
        let mut request = RouteMessage::default();
        request.header.address_family = family;
        request.header.table = RouteHeader::RT_TABLE_MAIN;
        let request = RouteNetlinkMessage::GetRoute(request);
        match kernel.dump(request, |kind, payload| route(family, kind, payload)) {
            Ok(routes) => found.netns.routes.extend(routes.into_iter().flatten()),
            // The table is made with its first route (inet_dump_fib, inet6_dump_fib).
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => {}
            Err(error) => return Err(error),
        }
        let mut request = RuleMessage::default();
        request.header.family = family;
        match kernel.dump(RouteNetlinkMessage::GetRule(request), |kind, payload| rule(family, kind, payload))
        {
            Ok(rules) => found.netns.rules += rules.len(),
            // A kernel without policy routing, or without IPv6.
            Err(error) if matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::EAFNOSUPPORT)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

/// A rule that is none of those which the kernel makes itself: local, main and default, for everybody.
fn rule(family: AddressFamily, kind: u16, payload: &[u8]) -> Option<()> {
    // struct fib_rule_hdr: family, prefix lengths, TOS, table, and the action behind two reserved bytes.
    let &[of, to, from, tos, table, _, _, action] = payload.first_chunk()?;
    const TO_TABLE: u8 = 1;
    const DEFAULT: u8 = 253;
    if kind != RTM_NEWRULE || u8::from(family) != of {
        return None;
    }
    let everybody = (to, from, tos, action) == (0, 0, 0, TO_TABLE);
    let marked =
        attributes(payload.get(ROUTE_HEADER..)?).any(|(attribute, _)| SELECTORS.contains(&attribute));
    (!everybody || marked || table < DEFAULT).then_some(())
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

fn route(family: AddressFamily, kind: u16, payload: &[u8]) -> Option<Vec<Route>> {
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
    let mut route =
        Route { destination: any, prefix, gateway: None, ifindex: 0, several: false, mtu: None, metric: 0 };
    let mut hops = Vec::new();
    let mut table = u32::from(header.table);
    for (attribute, value) in attributes(payload.get(ROUTE_HEADER..)?) {
        match attribute {
            RTA_DST => route.destination = ip_of(value)?,
            RTA_OIF => route.ifindex = u32_of(value)?,
            RTA_GATEWAY | RTA_VIA => route.gateway = gateway(attribute, value),
            RTA_PRIORITY => route.metric = u32_of(value)?,
            RTA_TABLE => table = u32_of(value)?,
            RTA_METRICS => {
                route.mtu =
                    attributes(value).find(|(metric, _)| *metric == RTAX_MTU).and_then(|m| u32_of(m.1))
            }
            RTA_MULTIPATH => hops = next_hops(value),
            _ => {}
        }
    }
    if table != u32::from(RouteHeader::RT_TABLE_MAIN) {
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

#[cfg(test)]
mod tests;
