//! The map as text: what is wrong, the worst first, then a tree of namespaces. Every line names whom it is about.
mod details;
mod drawing;
mod fold;
mod name;
mod problems;

use std::io::{self, Write};

use super::stats::ScanStats;
use super::tree::Tree;
use super::view::View;
use crate::model::{NetnsId, Unmodelled};
use crate::output::escape::escape;
use crate::output::plural::plural;
use crate::output::text::paint;
use details::details;
use fold::{Row, rows};

/// Of what could not be followed.
const UNMODELLED: usize = 8;

/// Writes what is wrong, the tree, and a summary below it.
pub(super) fn write(
    out: &mut impl Write,
    tree: &Tree<'_>,
    stats: &ScanStats,
    view: View,
    colour: bool,
) -> io::Result<()> {
    for line in problems::lines(tree, view, colour) {
        writeln!(out, "{line}")?;
    }
    if view != View::Problems {
        for line in drawn(tree, view, colour) {
            writeln!(out, "{line}")?;
        }
        for line in unmodelled(tree) {
            writeln!(out, "{line}")?;
        }
    }
    if view != View::Problems || !tree.problems.is_empty() {
        writeln!(out)?;
    }
    summary(out, tree, stats, colour)
}

/// The tree; equal siblings with nothing wrong are one row.
fn drawn(tree: &Tree<'_>, view: View, colour: bool) -> Vec<String> {
    let rows = rows(tree, view == View::All);
    let depths: Vec<usize> = rows.iter().map(Row::depth).collect();
    let mut drawn = Vec::new();
    for (row, lines) in rows.iter().zip(drawing::lines(&depths)) {
        let (name, told) = match row {
            Row::One(entry) => (name::entry(entry, tree.host), details(entry, colour)),
            Row::Folded(same) => (same.name(), same.told.clone()),
        };
        let name = paint(colour, "1", &name);
        let mut before = lines.first;
        if told.is_empty() {
            drawn.push(format!("{before}{name}"));
        }
        for line in told {
            drawn.push(format!("{before}{name}  {line}"));
            before.clone_from(&lines.rest);
        }
    }
    drawn
}

fn summary(out: &mut impl Write, tree: &Tree<'_>, stats: &ScanStats, colour: bool) -> io::Result<()> {
    let mismatches = match tree.mismatches() {
        0 if !tree.unmodelled.is_empty() => paint(colour, "32", "no mismatch in what could be followed"),
        0 => paint(colour, "32", "no mismatch"),
        n => format!(
            "{}: {}",
            paint(colour, "1;31", &plural(n, "mismatch", "mismatches")),
            problems::affected(tree)
        ),
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
        "{}{bare}, {mismatches} ({}{unread}, {} ms)",
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
        if netns == tree.host {
            "host".to_owned()
        } else {
            entry.map_or(format!("namespace {netns}"), |entry| name::entry(entry, tree.host))
        }
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

#[cfg(test)]
mod tests;
