//! What is wrong, the worst first: a line for each container, and below it what to paste.
use std::collections::BTreeSet;

use super::super::tree::Tree;
use super::super::view::View;
use super::name;
use crate::model::{Device, Fix, FixScope, Hop, StandingMismatch};
use crate::output::escape::escape;
use crate::output::plural::{listed, plural};
use crate::output::text::{paint, severity};

/// Causes that are told before the tree.
const CAUSES: usize = 8;
/// Containers of one cause that have a line of their own.
const LINES: usize = 3;
/// Names in one line.
const NAMES: usize = 3;
/// Networks in one line.
const NETWORKS: usize = 4;

/// All lines; nothing if nothing is wrong.
pub(super) fn lines(tree: &Tree<'_>, view: View, colour: bool) -> Vec<String> {
    let whole = view != View::Folded;
    let shown = if whole { tree.problems.len() } else { CAUSES };
    let mut lines = Vec::new();
    for mismatch in tree.problems.iter().take(shown) {
        lines.extend(problem(mismatch, whole, colour));
    }
    if let Some(more) = tree.problems.len().checked_sub(shown).filter(|more| *more > 0) {
        lines.push(format!("{}: see `mtutrace map --problems`", plural(more, "more cause", "more causes")));
    }
    if !lines.is_empty() && view != View::Problems {
        lines.push(String::new());
    }
    lines
}

/// The first whom something wrong concerns, for the summary.
pub(super) fn affected(tree: &Tree<'_>) -> String {
    let mut met = BTreeSet::new();
    let all = tree.problems.iter().flat_map(|mismatch| &mismatch.affected);
    let names: Vec<String> =
        all.filter(|one| met.insert((one.netns, one.name.clone()))).map(name::brief).collect();
    listed(&names, NAMES, 0)
}

fn problem(m: &StandingMismatch, whole: bool, colour: bool) -> Vec<String> {
    let word = severity(colour, m.severity);
    let (path, shown) = (path(m, colour), if whole { m.affected.len() } else { LINES });
    let line = |name: String| format!("{word}  {}  {path}", paint(colour, "1", &name));
    let mut lines: Vec<String> = m.affected.iter().take(shown).map(|one| line(name::affected(one))).collect();
    let rest: Vec<String> = m.affected.iter().skip(shown).map(name::brief).collect();
    if !rest.is_empty() {
        lines.push(format!("{word}  {} more of the same cause: {}", rest.len(), listed(&rest, NAMES, 0)));
    }
    // The lasting one may be a setting; the other one a shell takes as it is.
    let best = |scope| Fix::best(&m.fix, scope);
    let told = [("now", best(FixScope::Now)), ("for good", best(FixScope::Permanent))];
    let told = told.into_iter().filter_map(|(word, fix)| Some((word, fix?)));
    for (word, fix) in told {
        let word = paint(colour, "1;32", word);
        // What works at once does so in one namespace.
        let alone = if fix.scope == FixScope::Now && m.affected.len() > 1 {
            m.affected.first().map(|first| format!(", for {} alone", name::brief(first))).unwrap_or_default()
        } else {
            String::new()
        };
        lines.push(format!("  {word}  {}{alone}: {}", escape(&fix.r#where), escape(&fix.what)));
        lines.push(format!("       {}", paint(colour, "1", &escape(&fix.command))));
        lines.extend(fix.undo.iter().map(|undo| format!("       undo: {}", escape(undo))));
    }
    lines
}

/// `eth0 1500 > docker0 1500 (should be 1450) > eth0 1450 (limit)`
fn path(m: &StandingMismatch, colour: bool) -> String {
    let is = |device: &Device, hop: &Hop| device.netns == hop.netns && device.interface == hop.interface;
    let wrong = || {
        let text = format!("{} {} (should be {})", escape(&m.culprit.interface), m.culprit.mtu, m.should_be);
        paint(colour, "1;31", &text)
    };
    let hops = m.path.iter().map(|hop| {
        let text = format!("{} {}", escape(&hop.interface), hop.mtu);
        match hop {
            hop if is(&m.culprit, hop) => wrong(),
            hop if is(&m.bottleneck, hop) => paint(colour, "1", &format!("{text} (limit)")),
            _ => text,
        }
    });
    let hops = hops.collect::<Vec<_>>().join(" > ");
    let networks = match m.destinations.as_slice() {
        [] => String::new(),
        some => format!("{}  ", listed(some, NETWORKS, 0)),
    };
    // A bridge has the smallest MTU of its ports, and the port need not be on the path.
    let beside =
        if m.path.iter().any(|hop| is(&m.culprit, hop)) { String::new() } else { format!("; {}", wrong()) };
    let overhead = m.overhead.map(|bytes| format!(" with {bytes} bytes of headers")).unwrap_or_default();
    format!("{networks}{hops}{beside}{overhead}")
}
