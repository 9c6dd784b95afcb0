//! The map for people, as `tree` draws a directory.
use std::io::{self, Write};

use super::stats::ScanStats;
use super::tree::{EgressPath, Entry, Tree};
use crate::model::{Container, Learnt};
use crate::output::escape::escape;
use crate::output::text::label;
use crate::output::text::paint;
use crate::topology::Underlay;

/// Of learnt path MTUs; JSON has them all.
const SHOWN: usize = 4;

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
    let mismatches = match tree.mismatches() {
        0 => paint(colour, "32", "no mismatch"),
        n => paint(colour, "1;31", &plural(n, "mismatch", "mismatches")),
    };
    let unread = match stats.unreadable {
        0 => String::new(),
        n => format!(", {n} more could not be read"),
    };
    writeln!(
        out,
        "\n{}, {mismatches} ({}{unread}, {} ms)",
        plural(tree.containers(), "container", "containers"),
        plural(stats.namespaces, "network namespace", "network namespaces"),
        stats.took.as_millis(),
    )
}

/// The paths out of an entry, and the best remedy.
fn details(entry: &Entry<'_>, colour: bool) -> Vec<String> {
    let several = entry.paths.len() > 1;
    let mut lines: Vec<String> = entry.paths.iter().map(|path| hops(path, several, colour)).collect();
    if lines.is_empty() && entry.chosen {
        lines.push("no default route".to_owned());
    }
    if entry.chosen && entry.rules > 0 {
        lines.push(format!("{} of policy routing not followed", plural(entry.rules, "rule", "rules")));
    }
    if entry.chosen && entry.routes_cut > 0 {
        lines.push(format!("{} of other tables not read", plural(entry.routes_cut, "route", "routes")));
    }
    if entry.chosen && !entry.learnt.is_empty() {
        lines.push(learnt(entry.learnt));
    }
    lines.extend(entry.tunnels.iter().map(|below| tunnel(below, colour)));
    if let Some(fix) = entry.fixes.first() {
        let command = paint(colour, "1", &escape(&fix.command));
        lines.push(format!("{}  {command}", paint(colour, "1;32", "fix")));
        lines.push(format!("       {}: {}", escape(&fix.r#where), escape(&fix.what)));
    }
    lines
}

/// `its kernel has learnt a path MTU of 1400 for 192.0.2.1, 1450 for 192.0.2.2`
fn learnt(all: &[Learnt]) -> String {
    let each = all.iter().take(SHOWN).map(|l| format!("{} for {}", l.mtu, l.destination));
    let each = each.collect::<Vec<_>>().join(", ");
    let more = match all.len().saturating_sub(SHOWN) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    format!("its kernel has learnt a path MTU of {each}{more}")
}

/// `flannel.1 1450 (should be 1400) over eth0 1450 with 50 bytes of headers`
fn tunnel(below: &Underlay, colour: bool) -> String {
    let text = format!("{} {}", escape(&below.tunnel.interface), below.tunnel.mtu);
    let text = if below.wrong {
        paint(colour, "1;31", &format!("{text} (should be {})", below.fits))
    } else {
        format!("{text} ({} fit)", below.fits)
    };
    let carrier = escape(&below.device.interface);
    format!("{text} over {carrier} {} with {} bytes of headers", below.device.mtu, below.overhead)
}

/// `eth0 1500 > docker0 1500 (should be 1450) > eth0 1450 (limit)`
fn hops(path: &EgressPath, several: bool, colour: bool) -> String {
    let family = match path.family {
        "ipv6" => "IPv6  ",
        _ if several => "IPv4  ",
        _ => "",
    };
    let hops = path.hops.iter().map(|hop| {
        let text = format!("{} {}", escape(&hop.interface), hop.mtu);
        match &path.mismatch {
            Some(m) if m.culprit.id() == hop.id() => {
                let text = format!("{} {}", escape(&hop.interface), m.culprit.mtu);
                paint(colour, "1;31", &format!("{text} (should be {})", m.bottleneck.mtu))
            }
            Some(m) if m.bottleneck.id() == hop.id() => paint(colour, "1", &format!("{text} (limit)")),
            _ => text,
        }
    });
    let several = if path.several { " (the narrowest of several next hops)" } else { "" };
    let advmss = path.advmss.map(|mss| format!(" (its route says advmss {mss})")).unwrap_or_default();
    format!("{family}{}{several}{advmss}", hops.collect::<Vec<_>>().join(" > "))
}

/// The containers of an entry, or the name of its namespace.
fn name(entry: &Entry<'_>) -> String {
    let Some((first, others)) = entry.containers.split_first() else {
        let name = entry.name.map_or_else(|| entry.netns.to_string(), |name| escape(name).into_owned());
        return format!("namespace {name}");
    };
    let brief = |c: &&Container| escape(c.name.as_deref().unwrap_or_else(|| c.short_id())).into_owned();
    let names: Vec<String> = [label(first)].into_iter().chain(others.iter().map(brief)).collect();
    names.join(", ")
}

fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
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
