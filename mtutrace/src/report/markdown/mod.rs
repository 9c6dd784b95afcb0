//! A report for a ticket. What comes from outside must not become markup.
mod text;

use std::fmt::Write as _;

use super::compare::Comparison;
use super::incident::{FULL, Incident, Story};
use super::words::{self, counters};
use crate::model::{Bottleneck, Fix, FixScope};
use crate::output::text::label;
pub(super) use text::plain;
use text::{code, fenced};

/// A report as Markdown.
pub(crate) fn page(incident: &Incident) -> String {
    let mut out = String::new();
    let machine = &incident.machine;
    let _ = writeln!(out, "# {}: {}\n", words::badge(incident), plain(&incident.headline));
    let seconds = incident.duration_ms as f64 / 1000.0;
    let host = plain(&machine.host);
    let _ = writeln!(out, "{host}, {} to {} ({seconds:.1} s)\n", incident.start, incident.end);
    for (n, story) in incident.verdicts.iter().take(FULL).enumerate() {
        out += &self::story(story, n);
    }
    let others = incident.verdicts.get(FULL..).unwrap_or_default();
    if !others.is_empty() {
        let _ = writeln!(out, "## {} more verdicts\n", others.len());
        let _ = writeln!(out, "The {FULL} worst are told in full; all of them are in `--format json`.\n");
        others.iter().for_each(|story| out += &format!("- {}\n", plain(&story.line())));
        out.push('\n');
    }
    let open = incident.untold();
    if !open.is_empty() {
        out += "## MTUs that do not fit, whether or not a packet died of it\n\n";
        for mismatch in open {
            let _ = writeln!(out, "- {}: {}", mismatch.severity.word(), plain(&mismatch.summary));
            out += &mismatch.fix.first().map(|fix| format!("{}\n", fenced(&fix.command))).unwrap_or_default();
        }
        out.push('\n');
    }
    if !incident.flows.is_empty() {
        out += "## Flows\n\n| From | To | Container | Largest | Limit | Events |\n| --- | --- | --- | --: | --: | --- |\n";
        for flow in &incident.flows {
            let container = flow.container.as_ref().map_or_else(|| "–".to_owned(), |c| plain(&label(c)));
            let limit = flow.limit.map_or_else(|| "–".to_owned(), |limit| limit.to_string());
            let events = counters(&flow.counters);
            let (from, to) = (format!("{} {}", flow.protocol, flow.src), &flow.dst);
            let _ = writeln!(out, "| {from} | {to} | {container} | {} | {limit} | {events} |", flow.largest);
        }
        out += &more(incident.flows_left_out, "flows or events");
    }
    if !incident.containers.is_empty() {
        out += "## Containers\n\n| Who | Events |\n| --- | --- |\n";
        for row in &incident.containers {
            let _ = writeln!(out, "| {} | {} |", plain(&row.name), counters(&row.counters));
        }
        out += &more(incident.containers_left_out, "containers");
    }
    out += &list("What led to no verdict", &incident.notes);
    out += &list("What could not be seen", &incident.unseen);
    let (kernel, version) = (plain(&machine.kernel), plain(&machine.mtutrace));
    let records = &incident.records;
    let (lost, left_out) = (records.lost, records.left_out_total());
    let _ = writeln!(
        out,
        "## Machine\n\nKernel {kernel}, mtutrace {version}; {} events, {lost} records lost, {left_out} left out.",
        incident.events
    );
    out
}

fn story(story: &Story, n: usize) -> String {
    let v = &story.verdict;
    let state = v.ended.map_or("active", |_| "over");
    let mut out = format!("## {}: {} ({state})\n\n", v.severity.word(), v.kind.title());
    if n > 0 {
        let _ = writeln!(out, "{}\n", plain(&v.summary));
    }
    if let Some(container) = &v.container {
        let outer: String = container.parents.iter().map(|outer| format!(" in {}", label(outer))).collect();
        let _ = writeln!(out, "- Who suffers: {}", plain(&(label(container) + &outer)));
    }
    if let Some(culprit) = &v.culprit {
        let _ = writeln!(out, "- Wrong MTU: {} {}", code(&culprit.interface), culprit.mtu);
    }
    if let Some(bottleneck) = &v.bottleneck {
        let _ = writeln!(out, "- What fits: {}", bottleneck.mtu());
    }
    let mut before = None;
    let hop = |hop: &crate::model::Hop| {
        let moved = before.replace(hop.netns) != Some(hop.netns);
        let owner = if moved { format!("[{}] ", story.owner(hop.netns)) } else { String::new() };
        format!("{owner}{} {}", hop.interface, hop.mtu)
    };
    let mut path: Vec<String> = v.path.iter().map(hop).collect();
    if let Some(Bottleneck::Router { address, mtu, .. }) = &v.bottleneck {
        path.push(format!("… > {address} {mtu}"));
    }
    if !path.is_empty() {
        let _ = writeln!(out, "- Path: {}", code(&path.join(" > ")));
    }
    out.push('\n');
    for (title, scope) in [("Fix now", FixScope::Now), ("Fix for good", FixScope::Permanent)] {
        if let Some(fix) = Fix::best(&v.fix, scope) {
            out += &remedy(title, fix);
        }
    }
    out += &list("Evidence", &v.evidence);
    let history = story.history.iter().map(|change| format!("{} {}", change.time, change.what));
    out += &list("History", &history.collect::<Vec<_>>());
    out
}

fn remedy(title: &str, fix: &Fix) -> String {
    let mut out =
        format!("{title}, {}: {}\n\n{}\n", plain(&fix.r#where), plain(&fix.what), fenced(&fix.command));
    if let Some(undo) = &fix.undo {
        let _ = writeln!(out, "Undo: {}\n", code(undo));
    }
    out
}

fn list(title: &str, all: &[String]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let lines: String = all.iter().map(|sentence| format!("- {}\n", plain(sentence))).collect();
    format!("### {title}\n\n{lines}\n")
}

fn more(count: u64, what: &str) -> String {
    if count > 0 { format!("\n{count} more {what} are not here.\n\n") } else { "\n".to_owned() }
}

/// A comparison as Markdown.
pub(crate) fn compared(comparison: &Comparison) -> String {
    let mut out = format!("# {}\n\n", plain(&comparison.headline));
    let [before, after] = [&comparison.before, &comparison.after];
    let _ = writeln!(
        out,
        "Before: {}, {}  \nAfter: {}, {}\n",
        plain(&before.host),
        before.start,
        plain(&after.host),
        after.start
    );
    for change in &comparison.verdicts {
        let _ =
            writeln!(out, "## {}: {}\n\n{}\n", change.state.word(), plain(&change.what), plain(&change.why));
    }
    out += "| Per minute | Before | After |\n| --- | --: | --: |\n";
    for figure in &comparison.figures {
        let _ = writeln!(out, "| {} | {:.1} | {:.1} |", figure.name, figure.before, figure.after);
    }
    out
}
