//! What is told of one namespace: its paths, and what is remarkable of its network.
use super::super::tree::Entry;
use crate::diagnosis::standing::EgressPath;
use crate::model::{Hop, Learnt, LinkKind};
use crate::output::escape::escape;
use crate::output::plural::{listed, plural};
use crate::output::text::paint;
use crate::topology::{Underlay, Unequal};

/// Of learnt path MTUs, and of the networks of a path; JSON has more.
const SHOWN: usize = 4;

/// The egress paths of an entry, and what is remarkable of its network: a line each.
pub(super) fn details(entry: &Entry<'_>, colour: bool) -> Vec<String> {
    let several = entry.network.paths.len() > 1;
    let mut lines: Vec<String> = entry.network.paths.iter().map(|path| hops(path, several, colour)).collect();
    if lines.is_empty() && entry.chosen {
        lines.push("no default route".to_owned());
    }
    // What is no narrower than the default path is in the JSON.
    let carries = entry.network.paths.iter().map(|path| path.mtu).min();
    let wrong =
        |path: &EgressPath| entry.network.faults.iter().any(|fault| fault.path.networks == path.networks);
    let shown = |path: &&EgressPath| wrong(path) || carries.is_none_or(|mtu| path.mtu < mtu);
    lines.extend(entry.network.others.iter().filter(shown).map(|path| hops(path, false, colour)));
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
    lines.extend(entry.network.tunnels.iter().map(|below| tunnel(below, colour)));
    lines
}

/// `path MTU learnt by ICMP: 1400 for 192.0.2.1, 1450 for 192.0.2.2`
fn learnt(all: &[Learnt]) -> String {
    let each: Vec<String> = all.iter().map(|l| format!("{} for {}", l.mtu, l.destination)).collect();
    format!("path MTU learnt by ICMP: {}", listed(&each, SHOWN, 0))
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
        let mut wrong =
            entry.network.paths.iter().chain(&entry.network.others).filter(|path| path.mismatch.is_some());
        wrong.any(|path| path.hops.iter().any(|hop| hop.id() == pair.narrow.id()))
    };
    let line = |pair: &Unequal| {
        let (wide, narrow) = (&pair.wide, &pair.narrow);
        let fault = entry.network.faults.iter().find(|fault| fault.mismatch.bottleneck.id() == narrow.id());
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
    entry.network.unequal.iter().filter(|pair| !on_path(pair)).map(line).collect()
}

/// `10.50.0.0/16, 10.60.0.0/16 and 3 more`
fn networks(path: &EgressPath) -> String {
    listed(&path.destinations(), SHOWN, path.more)
}

/// What is told of a namespace in which nothing is wrong or remarkable, without the names of the far ends of veths, which
/// are each one's own; nothing of others.
pub(super) fn shape(entry: &Entry<'_>) -> Option<Vec<String>> {
    let network = &entry.network;
    let plain = entry.chosen && entry.rules == 0 && entry.routes_cut == 0 && entry.learnt.is_empty();
    if !plain || network.mismatches() > 0 || !network.unequal.is_empty() || !network.tunnels.is_empty() {
        return None;
    }
    let mut brief = entry.clone();
    let paths = brief.network.paths.iter_mut().chain(&mut brief.network.others);
    paths.for_each(|path| path.hops = without_ends(&path.hops));
    Some(details(&brief, false))
}

/// Without the veths that are the other end of the device before them, and as wide.
fn without_ends(hops: &[Hop]) -> Vec<Hop> {
    let pairs = hops.windows(2).filter_map(|pair| pair.split_first_chunk());
    let end = |before: &Hop, hop: &Hop| {
        hop.kind == LinkKind::Veth && hop.netns != before.netns && hop.mtu == before.mtu
    };
    let kept = pairs.filter_map(|([before], rest)| rest.first().filter(|hop| !end(before, hop)));
    hops.first().into_iter().chain(kept).cloned().collect()
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
