//! Policy routing: which table a packet's way is in.
use std::net::IpAddr;

use super::table::{Egress, LOCAL, MAIN, contains, in_table};
use crate::model::{Action, Netns, Rule};

/// What routing says about a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// It is an address of this namespace.
    Local,
    /// It leaves.
    Out(Egress),
    /// No route.
    Unreachable,
}

/// What rules want to know of a packet besides its destination.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Origin<'a> {
    /// What may be its source: several where NAT may have changed it, none before the kernel has chosen one.
    pub(crate) from: &'a [IpAddr],
    /// The device by which it came into the namespace; absent for those of the namespace itself.
    pub(crate) came_by: Option<u32>,
}

/// The way to `to`, by the rules in their order (fib_rules_lookup); by the main table alone if there are none.
pub(super) fn route(netns: &Netns, to: IpAddr, origin: Origin<'_>) -> Lookup {
    if netns.addresses.iter().any(|a| a.ip == to) {
        return Lookup::Local;
    }
    let mut rules = netns.rules.iter().filter(|rule| rule.v4 == to.is_ipv4()).peekable();
    if rules.peek().is_none() {
        return in_table(netns, MAIN, to).map_or(Lookup::Unreachable, Lookup::Out);
    }
    let mut next = 0;
    for rule in rules {
        if rule.priority < next || !matches(rule, netns, to, origin) {
            continue;
        }
        match rule.action {
            // Backwards is refused by the kernel, too.
            Action::Goto(target) => next = target,
            Action::Table(_) if rule.l3mdev => {
                let table = vrf(netns, origin.came_by);
                if let Some(out) = table.and_then(|table| in_table(netns, table, to)) {
                    return Lookup::Out(out);
                }
            }
            // What is local is known already.
            Action::Nop | Action::Table(LOCAL) => {}
            Action::Refuse => return Lookup::Unreachable,
            Action::Table(table) => {
                let found = in_table(netns, table, to);
                let found = found.filter(|out| rule.suppress.is_none_or(|bits| out.prefix > bits));
                if let Some(out) = found {
                    return Lookup::Out(out);
                }
            }
        }
    }
    Lookup::Unreachable
}

/// fib_rule_match, for an ordinary packet.
fn matches(rule: &Rule, netns: &Netns, to: IpAddr, origin: Origin<'_>) -> bool {
    let from = |(network, bits)| origin.from.iter().any(|ip| contains(network, bits, *ip));
    let came_by = |name: &String| match origin.came_by {
        Some(ifindex) => netns.links.get(&ifindex).is_some_and(|link| link.name == *name),
        None => name == "lo",
    };
    let met = !rule.extraordinary
        && rule.from.is_none_or(from)
        && rule.to.is_none_or(|(network, bits)| contains(network, bits, to))
        && rule.iif.as_ref().is_none_or(came_by)
        && (!rule.l3mdev || vrf(netns, origin.came_by).is_some());
    !rule.unknown && met != rule.invert
}

/// The table of the VRF that a device is in (l3mdev_fib_table_rcu), or is.
fn vrf(netns: &Netns, came_by: Option<u32>) -> Option<u32> {
    let ifindex = came_by?;
    let master = || netns.vrfs.get(&netns.links.get(&ifindex)?.master?);
    netns.vrfs.get(&ifindex).or_else(master).copied()
}
