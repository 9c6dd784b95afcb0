//! The map as text: a tree of namespaces.
use std::io::{self, Write};

use super::stats::ScanStats;
use super::tree::{EgressPath, Entry, Tree};
use crate::model::{Container, Fix, Learnt, NetnsId, Unmodelled, describe};
use crate::output::escape::escape;
use crate::output::plural::plural;
use crate::output::text::label;
use crate::output::text::paint;
use crate::topology::{Underlay, Unequal};

/// Of learnt path MTUs, and of the networks of a path; JSON has more.
const SHOWN: usize = 4;
/// Of what could not be followed.
const UNMODELLED: usize = 8;

/// Draws the tree, and a summary below it.
pub(super) fn write(
    out: &mut impl Write,
    tree: &Tree<'_>,
    stats: &ScanStats,
    colour: bool,
) -> io::Result<()> {
    for (entry, lines) in tree.entries.iter().zip(lines(tree)) {
        let name = if entry.netns == tree.host { "host".to_owned() } else { name(entry) };
        writeln!(out, "{}{}", lines.first, paint(colour, "1", &name))?;
        for line in details(entry, colour) {
            writeln!(out, "{}{line}", lines.rest)?;
        }
    }
    for line in unmodelled(tree) {
        writeln!(out, "{line}")?;
    }
    let mismatches = match tree.mismatches() {
        0 if !tree.unmodelled.is_empty() => paint(colour, "32", "no mismatch in what could be followed"),
        0 => paint(colour, "32", "no mismatch"),
        n => paint(colour, "1;31", &plural(n, "mismatch", "mismatches")),
    };
    let unread = match stats.unreadable {
        0 => String::new(),
        n => format!(", {n} more unreadable"),
    };
    let bare = match tree.bare() {
        0 => String::new(),
        n => format!(" and {}", plural(n, "namespace without one", "namespaces without one")),
    };
    writeln!(
        out,
        "\n{}{bare}, {mismatches} ({}{unread}, {} ms)",
        plural(tree.containers(), "container", "containers"),
        plural(stats.namespaces, "network namespace", "network namespaces"),
        stats.took.as_millis(),
    )
}

/// `not followed in namespace vpn: rule 32764 (fwmark 0x40/0x60): what it is about leaves by wg0 (MTU 1420), of table 180`
fn unmodelled(tree: &Tree<'_>) -> Vec<String> {
    let all = &tree.unmodelled;
    let place = |netns: NetnsId| {
        let entry = tree.entries.iter().find(|entry| entry.netns == netns);
        if netns == tree.host { "host".to_owned() } else { entry.map_or(format!("namespace {netns}"), name) }
    };
    let line = |one: &Unmodelled| format!("not followed in {}: {}", place(one.netns), escape(&one.what));
    let mut lines: Vec<String> = all.iter().take(UNMODELLED).map(line).collect();
    if let Some(more) = all.len().checked_sub(UNMODELLED).filter(|more| *more > 0) {
        lines.push(format!("not followed: {more} more, see `mtutrace map -o json`"));
    }
    if !lines.is_empty() {
        lines.insert(0, String::new());
    }
    lines
}

/// The egress paths of an entry, and its first fix.
fn details(entry: &Entry<'_>, colour: bool) -> Vec<String> {
    let several = entry.paths.len() > 1;
    let mut lines: Vec<String> = entry.paths.iter().map(|path| hops(path, several, colour)).collect();
    if lines.is_empty() && entry.chosen {
        lines.push("no default route".to_owned());
    }
    // What is no narrower than the default path is in the JSON.
    let carries = entry.paths.iter().map(|path| path.mtu).min();
    let wrong = |path: &EgressPath| entry.faults.iter().any(|fault| fault.path.networks == path.networks);
    let shown = |path: &&EgressPath| wrong(path) || carries.is_none_or(|mtu| path.mtu < mtu);
    lines.extend(entry.others.iter().filter(shown).map(|path| hops(path, false, colour)));
    lines.extend(faced(entry, colour));
    if entry.chosen && entry.rules > 0 {
        lines.push(format!(
            "{} not followed",
            plural(entry.rules, "policy routing rule", "policy routing rules")
        ));
    }
    if entry.chosen && entry.routes_cut > 0 {
        lines.push(format!("{} not read", plural(entry.routes_cut, "route", "routes")));
    }
    if entry.chosen && !entry.learnt.is_empty() {
        lines.push(learnt(entry.learnt));
    }
    lines.extend(entry.tunnels.iter().map(|below| tunnel(below, colour)));
    let mut fixes: Vec<&Fix> = entry.faults.iter().filter_map(|fault| fault.fixes.first()).collect();
    fixes.extend(entry.tunnel_fixes.first());
    fixes.dedup();
    for fix in fixes {
        let command = paint(colour, "1", &escape(&fix.command));
        lines.push(format!("{}  {command}", paint(colour, "1;32", "fix")));
        lines.push(format!("       {}: {}", escape(&fix.r#where), escape(&fix.what)));
    }
    lines
}

/// `path MTU learnt by ICMP: 1400 for 192.0.2.1, 1450 for 192.0.2.2`
fn learnt(all: &[Learnt]) -> String {
    let each = all.iter().take(SHOWN).map(|l| format!("{} for {}", l.mtu, l.destination));
    let each = each.collect::<Vec<_>>().join(", ");
    let more = match all.len().saturating_sub(SHOWN) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    format!("path MTU learnt by ICMP: {each}{more}")
}

/// `flannel.1 1450 (should be 1400) over eth0 1450 with 50 bytes of headers`
fn tunnel(below: &Underlay, colour: bool) -> String {
    let text = format!("{} {}", escape(&below.tunnel.interface), below.tunnel.mtu);
    let text = if below.wrong {
        paint(colour, "1;31", &format!("{text} (should be {})", below.fits))
    } else {
        format!("{text} (max {})", below.fits)
    };
    let carrier = escape(&below.device.interface);
    let learnt = below.learnt.map(|learnt| format!(" (learnt by ICMP for {})", learnt.destination));
    let learnt = learnt.unwrap_or_default();
    format!("{text} over {carrier} {}{learnt} with {} bytes of headers", below.device.mtu, below.overhead)
}

/// `eth0 9000 > veth1 1500 (should be 9000)`, of devices that face each other and are on no path that is wrong.
fn faced(entry: &Entry<'_>, colour: bool) -> Vec<String> {
    let on_path = |pair: &Unequal| {
        let mut wrong = entry.paths.iter().chain(&entry.others).filter(|path| path.mismatch.is_some());
        wrong.any(|path| path.hops.iter().any(|hop| hop.id() == pair.narrow.id()))
    };
    let line = |pair: &Unequal| {
        let (wide, narrow) = (&pair.wide, &pair.narrow);
        let fault = entry.faults.iter().find(|fault| fault.mismatch.bottleneck.id() == narrow.id());
        fault.map_or_else(
            || {
                format!(
                    "{} {} faces {} {}",
                    escape(&wide.interface),
                    wide.mtu,
                    escape(&narrow.interface),
                    narrow.mtu
                )
            },
            |fault| hops(&fault.path, false, colour),
        )
    };
    entry.unequal.iter().filter(|pair| !on_path(pair)).map(line).collect()
}

/// `10.50.0.0/16, 10.60.0.0/16 and 3 more`
fn networks(path: &EgressPath) -> String {
    let all = path.destinations();
    let shown = all.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(SHOWN) + path.more {
        0 => shown,
        n => format!("{shown} and {n} more"),
    }
}

/// `eth0 1500 > docker0 1500 (should be 1450) > eth0 1450 (limit)`
fn hops(path: &EgressPath, several: bool, colour: bool) -> String {
    let family = match path.family {
        _ if !path.networks.is_empty() => format!("{}  ", networks(path)),
        "ipv6" => "IPv6  ".to_owned(),
        _ if several => "IPv4  ".to_owned(),
        _ => String::new(),
    };
    let hops = path.hops.iter().map(|hop| {
        let text = format!("{} {}", escape(&hop.interface), hop.mtu);
        match &path.mismatch {
            Some(m) if m.culprit.id() == hop.id() => {
                let text = format!("{} {}", escape(&hop.interface), m.culprit.mtu);
                paint(colour, "1;31", &format!("{text} (should be {})", path.target))
            }
            Some(m) if m.bottleneck.id() == hop.id() => paint(colour, "1", &format!("{text} (limit)")),
            _ => text,
        }
    });
    let several = if path.several { " (narrowest of several next hops)" } else { "" };
    let advmss = path.advmss.map(|mss| format!(" (advmss {mss})")).unwrap_or_default();
    format!("{family}{}{several}{advmss}", hops.collect::<Vec<_>>().join(" > "))
}

/// The containers of an entry, or the name of its namespace.
fn name(entry: &Entry<'_>) -> String {
    let Some((first, others)) = entry.containers.split_first() else {
        return escape(&describe::namespace(entry.netns, entry.known)).into_owned();
    };
    let brief = |c: &&Container| escape(c.name.as_deref().unwrap_or_else(|| c.short_id())).into_owned();
    let names: Vec<String> = [label(first)].into_iter().chain(others.iter().map(brief)).collect();
    names.join(", ")
}

/// What stands before the first and before all other lines of an entry.
struct Lines {
    first: String,
    rest: String,
}

fn lines(tree: &Tree<'_>) -> Vec<Lines> {
    // From the end: at which depths more is to come before something further out does.
    let mut more: Vec<bool> = Vec::new();
    let mut drawn: Vec<Lines> = tree
        .entries
        .iter()
        .rev()
        .map(|entry| {
            let depth = entry.depth;
            let comes = |depth: usize| more.get(depth).copied().unwrap_or(false);
            let outer: String = (1..depth).map(|depth| if comes(depth) { "│  " } else { "   " }).collect();
            let (branch, trunk) = match (depth, comes(depth)) {
                (0, _) => ("", ""),
                (_, true) => ("├─ ", "│  "),
                (_, false) => ("└─ ", "   "),
            };
            let inner = if comes(depth + 1) { "│  " } else { "   " };
            let lines = Lines { first: format!("{outer}{branch}"), rest: format!("{outer}{trunk}{inner}") };
            more.truncate(depth + 1);
            more.resize(depth + 1, false);
            if let Some(here) = more.get_mut(depth) {
                *here = true;
            }
            lines
        })
        .collect();
    drawn.reverse();
    drawn
}

#[cfg(test)]
mod tests;
