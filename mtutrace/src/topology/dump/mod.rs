//! Reads the devices, addresses, routes and rules of the current namespace.
mod address;
mod details;
mod fdb;
mod learnt;
mod link;
mod route;
mod rule;
mod tc;
mod tunnel;

use std::collections::BTreeSet;
use std::io;
use std::net::IpAddr;

use netlink_packet_route::address::AddressMessage;
use netlink_packet_route::link::{LinkAttribute, LinkExtentMask, LinkMessage};
use netlink_packet_route::route::{RouteAttribute, RouteFlags, RouteMessage};
use netlink_packet_route::rule::RuleMessage;
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use super::lookup::{LOCAL, MAIN};
use super::netlink::Conversation;
use crate::model::{Action, Learnt, Netns, Route, Rule};
use address::address;
pub(crate) use link::RawPeer;
use link::link;
use route::route;

/// Most tables besides main that are read; rules that lead to more are not followed.
const TABLES: usize = 64;
/// Most routes that are kept of them.
const ROUTES: usize = 4096;
/// A namespace as the kernel tells it, and what is left to find out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Dump {
    /// Devices, addresses, routes and rules; who owns it is left empty, and no device has a peer.
    pub(crate) netns: Netns,
    /// For each device that hangs on another one.
    pub(crate) peers: Vec<RawPeer>,
}

/// Whether to read the path MTUs that a namespace has learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exceptions {
    /// Always.
    Wanted,
    /// If there are tunnels, which they may limit.
    OfTunnels,
}

impl Exceptions {
    fn are_wanted(self, netns: &Netns) -> bool {
        self == Exceptions::Wanted || netns.links.values().any(|link| link.tunnel.is_some())
    }
}

/// Reads the path MTUs towards these addresses that the current namespace has learnt, the smallest first.
pub(crate) fn learnt_towards(remotes: &BTreeSet<IpAddr>) -> io::Result<Vec<Learnt>> {
    let mut kernel = Conversation::open()?;
    let mut found = Vec::new();
    for (family, v4) in [(AddressFamily::Inet, true), (AddressFamily::Inet6, false)] {
        if remotes.iter().any(|remote| remote.is_ipv4() == v4) {
            found.extend(exceptions_of(&mut kernel, family)?);
        }
    }
    found.retain(|learnt| remotes.contains(&learnt.destination));
    found.sort_by_key(|learnt| learnt.mtu);
    found.truncate(learnt::MOST);
    Ok(found)
}

/// Reads the current network namespace, with the path MTUs that it has learnt if `exceptions` are wanted. Fails when the
/// kernel refuses, or takes longer than two seconds to answer.
///
/// Sources: RTM_GETLINK, RTM_GETADDR, RTM_GETNEIGH, RTM_GETROUTE and RTM_GETRULE (rtnetlink(7)). Routes of the main table and of those
/// that rules lead to, unicast, alive.
pub(crate) fn dump(exceptions: Exceptions) -> io::Result<Dump> {
    let mut kernel = Conversation::open()?;
    let mut request = LinkMessage::default();
    // Statistics are most of a device's message, and are not wanted here.
    request.attributes.push(LinkAttribute::ExtMask(vec![LinkExtentMask::SkipStats]));
    let devices = kernel.dump(RouteNetlinkMessage::GetLink(request), |kind, payload| {
        Some((link(kind, payload)?, details::details(kind, payload)))
    })?;
    let mut found = Dump::default();
    for ((device, peer), details) in devices {
        if let Some(details) = details {
            details.add(&mut found.netns);
        }
        found.netns.links.insert(device.ifindex, device);
        found.peers.extend(peer);
    }
    found.netns.remotes = fdb::remotes(&mut kernel, &found.netns)?;
    if exceptions == Exceptions::Wanted {
        found.netns.tc = tc::filters(&mut kernel)?;
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
            let vrfs = found.netns.vrfs.values().copied();
            for table in follow(&mut rules).into_iter().chain(vrfs.take(TABLES)).collect::<BTreeSet<u32>>() {
                others.extend(routes(&mut kernel, family, table)?);
            }
            found.netns.rules.extend(rules);
        }
        if exceptions.are_wanted(&found.netns) {
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

/// The tables that the rules lead to, besides main; rules for which they would be too many are given up. Those of rules that
/// are not followed are read as well, to say by which devices their packets leave.
fn follow(rules: &mut [Rule]) -> BTreeSet<u32> {
    let mut tables = BTreeSet::new();
    for followed in [true, false] {
        for rule in rules.iter_mut().filter(|rule| rule.is_followed() == followed && !rule.l3mdev) {
            let Action::Table(table) = rule.action else { continue };
            if table == MAIN || table == LOCAL {
                continue;
            }
            if tables.len() < TABLES {
                tables.insert(table);
            }
            rule.unknown |= followed && !tables.contains(&table);
        }
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

/// Takes a message's payload for each kind of message in turn (tests/fuzz).
#[cfg(feature = "fuzzing")]
pub(crate) fn read_any(payload: &[u8]) {
    link(link::RTM_NEWLINK, payload);
    fdb::entry(28, payload);
    details::details(link::RTM_NEWLINK, payload);
    tc::filter(44, payload);
    for family in [AddressFamily::Inet, AddressFamily::Inet6] {
        address(family, address::RTM_NEWADDR, payload);
        route(family, MAIN, route::RTM_NEWROUTE, payload);
        rule::rule(family, rule::RTM_NEWRULE, payload);
        learnt::learnt(family, payload);
    }
}

#[cfg(test)]
mod tests;
