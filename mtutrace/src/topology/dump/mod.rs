//! Reads the devices, addresses, routes and rules of the current namespace.
mod address;
mod details;
pub(crate) mod fdb;
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

use super::kept::Kept;
use super::lookup::{LOCAL, MAIN};
use super::netlink::Conversation;
use crate::model::{Action, Learnt, Netns, Route, Rule};
use address::address;
pub(crate) use link::RawPeer;
use link::link;
use route::route;

/// Most tables besides main that are read; rules that lead to more are not followed.
const TABLES: usize = 64;
/// Addresses, routes and so on that are read of the host's namespace, each. A full routing table of the Internet is longer:
/// then those are kept that are about many destinations, or bring an MTU.
pub(crate) const MOST_OF_HOST: usize = 65_536;
/// The same of other namespaces, which may be anybody's.
pub(crate) const MOST_OF_OTHERS: usize = 4096;

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
        self == Exceptions::Wanted || netns.has_tunnels()
    }
}

/// Reads the path MTUs towards these addresses that the current namespace has learnt, the smallest first.
pub(crate) fn learnt_towards(remotes: &BTreeSet<IpAddr>) -> io::Result<Vec<Learnt>> {
    let mut kernel = Conversation::open()?;
    let mut found = Kept::first(MOST_OF_OTHERS);
    for (family, v4) in [(AddressFamily::Inet, true), (AddressFamily::Inet6, false)] {
        if remotes.iter().any(|remote| remote.is_ipv4() == v4) {
            exceptions_of(&mut kernel, family, &mut found, |learnt| remotes.contains(&learnt.destination))?;
        }
    }
    Ok(smallest(found.finish().0))
}

/// Reads the current network namespace, with the path MTUs that it has learnt if `exceptions` are wanted, and no more than
/// `most` of anything. Fails when the kernel refuses, or takes longer than two seconds to answer.
///
/// Sources: RTM_GETLINK, RTM_GETADDR, RTM_GETNEIGH, RTM_GETROUTE and RTM_GETRULE (rtnetlink(7)). Routes of the main table and of those
/// that rules lead to, unicast, alive.
pub(crate) fn dump(exceptions: Exceptions, most: usize) -> io::Result<Dump> {
    let mut kernel = Conversation::open()?;
    let mut found = Dump::default();
    let cut = devices(&mut kernel, most, &mut found)?;
    found.netns.note_cut("devices", cut);
    found.netns.remotes = fdb::remotes(&mut kernel, &found.netns, most)?;
    if exceptions == Exceptions::Wanted {
        found.netns.tc = tc::filters(&mut kernel)?;
    }
    let mut addresses = Kept::first(most);
    // If not all of them can be kept, then those that say most.
    let says_more = |route: &Route| route.prefix <= 1 || route.mtu.is_some() || route.advmss.is_some();
    let (mut main, mut others) = (Kept::best(most, says_more), Kept::best(most, says_more));
    let mut learnt = Kept::first(most);
    for family in [AddressFamily::Inet, AddressFamily::Inet6] {
        let mut request = AddressMessage::default();
        request.header.family = family;
        let request = RouteNetlinkMessage::GetAddress(request);
        kernel.list(request, &mut addresses, |kind, payload| address(family, kind, payload))?;
        routes(&mut kernel, family, MAIN, &mut main)?;
        let (mut rules, cut) = rules(&mut kernel, family, most)?;
        found.netns.note_cut("rules", cut);
        if !rule::are_standard(&rules) {
            let vrfs = found.netns.vrfs.values().copied();
            for table in follow(&mut rules).into_iter().chain(vrfs.take(TABLES)).collect::<BTreeSet<u32>>() {
                routes(&mut kernel, family, table, &mut others)?;
            }
            found.netns.rules.extend(rules);
        }
        if exceptions.are_wanted(&found.netns) {
            exceptions_of(&mut kernel, family, &mut learnt, |_| true)?;
        }
    }
    let (addresses, cut) = addresses.finish();
    found.netns.note_cut("addresses", cut);
    found.netns.addresses = addresses;
    let ((main, main_cut), (others, others_cut)) = (main.finish(), others.finish());
    found.netns.routes_cut = main_cut + others_cut;
    found.netns.routes = main;
    found.netns.routes.extend(others);
    found.netns.learnt = smallest(learnt.finish().0);
    Ok(found)
}

/// Reads the devices; returns how many there were too many.
fn devices(kernel: &mut Conversation, most: usize, found: &mut Dump) -> io::Result<usize> {
    let mut request = LinkMessage::default();
    // Statistics are most of a device's message, and are not wanted here.
    request.attributes.push(LinkAttribute::ExtMask(vec![LinkExtentMask::SkipStats]));
    let mut devices = Kept::first(most);
    kernel.list(RouteNetlinkMessage::GetLink(request), &mut devices, |kind, payload| {
        Some((link(kind, payload)?, details::details(kind, payload)))
    })?;
    let (devices, cut) = devices.finish();
    for ((device, peer), details) in devices {
        if let Some(details) = details {
            details.add(&mut found.netns);
        }
        found.netns.links.insert(device.ifindex, device);
        found.peers.extend(peer);
    }
    Ok(cut)
}

fn smallest(mut learnt: Vec<Learnt>) -> Vec<Learnt> {
    learnt.sort_by_key(|learnt| learnt.mtu);
    learnt.truncate(learnt::MOST);
    learnt
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

fn routes(
    kernel: &mut Conversation,
    family: AddressFamily,
    table: u32,
    kept: &mut Kept<Route>,
) -> io::Result<()> {
    let mut request = RouteMessage::default();
    request.header.address_family = family;
    match u8::try_from(table) {
        Ok(table) => request.header.table = table,
        Err(_) => request.attributes.push(RouteAttribute::Table(table)),
    }
    let request = RouteNetlinkMessage::GetRoute(request);
    let read = kernel.dump(request, kept, |kind, payload, kept| {
        route(family, table, kind, payload).into_iter().flatten().all(|route| kept.add(route))
    });
    match read {
        // The table is made with its first route (inet_dump_fib, inet6_dump_fib).
        Err(error) if error.raw_os_error() == Some(libc::ENOENT) => Ok(()),
        other => other,
    }
}

fn rules(kernel: &mut Conversation, family: AddressFamily, most: usize) -> io::Result<(Vec<Rule>, usize)> {
    let mut request = RuleMessage::default();
    request.header.family = family;
    let request = RouteNetlinkMessage::GetRule(request);
    let mut kept = Kept::first(most);
    match kernel.list(request, &mut kept, |kind, payload| rule::rule(family, kind, payload)) {
        // A kernel without policy routing, or without IPv6.
        Err(error) if matches!(error.raw_os_error(), Some(libc::EOPNOTSUPP | libc::EAFNOSUPPORT)) => {
            Ok((Vec::new(), 0))
        }
        other => other.map(|()| kept.finish()),
    }
}

fn exceptions_of(
    kernel: &mut Conversation,
    family: AddressFamily,
    kept: &mut Kept<Learnt>,
    wanted: impl Fn(&Learnt) -> bool,
) -> io::Result<()> {
    let mut request = RouteMessage::default();
    request.header.address_family = family;
    request.header.flags = RouteFlags::Cloned;
    let request = RouteNetlinkMessage::GetRoute(request);
    kernel.list(request, kept, |_, payload| learnt::learnt(family, payload).filter(&wanted))
}

/// Takes a message's payload for each kind of message in turn (tests/fuzz).
#[cfg(any(test, feature = "fuzzing"))]
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
