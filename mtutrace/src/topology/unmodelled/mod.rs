//! What the walk of a packet through a namespace leaves out, to be said beside what it found. Pure.
mod claimed;

use std::collections::BTreeMap;

use crate::model::describe;
use crate::model::{
    Action, Link, LinkKind, Netns, NetnsId, Node, Rule, TcAction, Unmodelled, UnmodelledKind as Kind,
};

/// Most addresses of another that are told.
const CLAIMED: usize = 8;

/// What could not be followed in this namespace.
pub(crate) fn unmodelled(node: &Node, id: NetnsId) -> Vec<Unmodelled> {
    let Some(netns) = node.netns.get(&id) else { return Vec::new() };
    let name = |ifindex: &u32| netns.links.get(ifindex).map_or("a device", |link| link.name.as_str());
    let mut found: Vec<(Kind, String)> = Vec::new();
    let rules = netns.rules.iter().filter(|rule| !rule.is_followed());
    found.extend(rules.map(|rule| (Kind::Rule, of_rule(netns, rule))));
    if netns.routes_cut > 0 {
        found
            .push((Kind::Routes, format!("routes that were too many to read: {} or more", netns.routes_cut)));
    }
    let cut = netns.cut.iter();
    found.extend(
        cut.map(|(what, n)| (Kind::Table, format!("{what} that were too many to read: {n} or more"))),
    );
    for (switch, ports) in switches(netns) {
        let driver = netns.drivers.get(&switch).map_or("an unknown driver", String::as_str);
        found.push((
            Kind::Switch,
            format!("{} ports of {} ({driver}) send by its own tables", ports.len(), name(&switch)),
        ));
    }
    found.extend(netns.xdp.iter().map(|ifindex| {
        (Kind::Xdp, format!("an XDP program on {} may send packets elsewhere", name(ifindex)))
    }));
    found.extend(netns.tc.iter().map(|filter| {
        let device = name(&filter.ifindex);
        let what = match &filter.does {
            TcAction::Program(program) => {
                format!("the eBPF program {program} at TC on {device} may send packets elsewhere")
            }
            TcAction::Redirect(to) => format!("a TC filter on {device} redirects packets to {}", name(to)),
        };
        (Kind::Tc, what)
    }));
    let many = netns.remotes.iter().filter(|(_, remotes)| remotes.more > 0);
    found.extend(many.map(|(ifindex, remotes)| {
        (
            Kind::Tunnel,
            format!("other ends of {} that were too many to look at: {}", name(ifindex), remotes.more),
        )
    }));
    let claimed = claimed::claimed(node, id).into_iter().take(CLAIMED);
    found.extend(claimed.map(|(ip, other)| {
        let other = describe::owner(other, node);
        (Kind::Address, format!("it has the address {ip}, from which {other} sends"))
    }));
    found.into_iter().map(|(kind, what)| Unmodelled { netns: id, kind, what }).collect()
}

/// `rule 32765 (fwmark 0x40/0x60): what it is about leaves by kubespan (MTU 1420)`
fn of_rule(netns: &Netns, rule: &Rule) -> String {
    let mut wants = Vec::new();
    wants.extend(rule.mark.map(|(mark, mask)| format!("fwmark {mark:#x}/{mask:#x}")));
    wants.extend(rule.from.map(|(network, bits)| format!("from {network}/{bits}")));
    wants.extend(rule.to.map(|(network, bits)| format!("to {network}/{bits}")));
    wants.extend(rule.iif.as_ref().map(|name| format!("iif {name}")));
    if rule.unknown {
        wants.push("a user, a protocol, ports or a tunnel's id".to_owned());
    } else if rule.mark.is_none() {
        wants.push("a TOS or a bound socket".to_owned());
    }
    let family = if rule.v4 { "" } else { "IPv6 " };
    let does = match rule.action {
        Action::Table(table) => by_table(netns, rule.v4, table),
        Action::Goto(to) => format!("goes on at rule {to}"),
        Action::Nop => "goes on".to_owned(),
        Action::Refuse => "is refused".to_owned(),
    };
    format!("{family}rule {} ({}): what it is about {does}", rule.priority, wants.join(", "))
}

fn by_table(netns: &Netns, v4: bool, table: u32) -> String {
    let routes = netns.routes.iter().filter(|r| r.table == table && r.destination.is_ipv4() == v4);
    let mut devices: BTreeMap<&str, u32> = BTreeMap::new();
    for route in routes {
        let Some(link) = netns.links.get(&route.ifindex) else { continue };
        let carries = devices.entry(&link.name).or_insert(u32::MAX);
        *carries = route.mtu.unwrap_or(u32::MAX).min(link.mtu).min(*carries);
    }
    let each: Vec<String> = devices.iter().take(4).map(|(name, mtu)| format!("{name} (MTU {mtu})")).collect();
    match each.as_slice() {
        [] => format!("goes by table {table}"),
        _ => format!("leaves by {}, of table {table}", each.join(", ")),
    }
}

/// Masters that are neither bridge, bond nor VRF, and their ports that are up.
fn switches(netns: &Netns) -> BTreeMap<u32, Vec<&Link>> {
    let mut switches: BTreeMap<u32, Vec<&Link>> = BTreeMap::new();
    for port in netns.links.values().filter(|link| link.up) {
        let Some(master) = port.master.and_then(|master| netns.links.get(&master)) else { continue };
        let known = matches!(master.kind, LinkKind::Bridge | LinkKind::Bond);
        if !known && !netns.vrfs.contains_key(&master.ifindex) {
            switches.entry(master.ifindex).or_default().push(port);
        }
    }
    switches
}

#[cfg(test)]
mod tests;
