//! The sentences of a report.
use std::collections::BTreeMap;

use super::incident::{Incident, Story};
use crate::kernel::hooks::{self, State};
use crate::model::{SignalKind, StandingMismatch};
use crate::output::plural::{listed, plural};
use crate::output::text::closing;
use crate::output::{Losses, Totals, unseen};
use crate::telemetry::TraceStatus;

/// It in one sentence; `doubts`: why that nothing was found proves nothing.
pub(super) fn headline(verdicts: &[Story], standing: &[StandingMismatch], doubts: &[String]) -> String {
    if let Some(story) = verdicts.first() {
        return story.verdict.summary.clone();
    }
    match (standing.first(), doubts) {
        (Some(mismatch), _) => mismatch.summary.clone(),
        (None, []) => "No MTU problem was seen.".to_owned(),
        (None, [first, more @ ..]) => {
            let more = match more.len() {
                0 => String::new(),
                n => format!(" {} below.", plural(n, "more reason is", "more reasons are")),
            };
            format!("No verdict: no MTU problem was seen, which proves nothing. {first}{more}")
        }
    }
}

/// Why that nothing was found proves nothing; empty if it does. Without `totals` there was no end.
pub(super) fn doubts(status: &TraceStatus, totals: Option<&Totals>, damage: Option<&str>) -> Vec<String> {
    let mut doubts: Vec<String> = damage.map(|why| format!("{why}.")).into_iter().collect();
    if let Some(totals) = totals {
        doubts.extend(unseen::unseen(status, totals));
        doubts.extend(closing::unexplained(&totals.outcomes));
        doubts.extend(closing::unanswered(&totals.outcomes));
    }
    doubts
}

/// What led to no verdict.
pub(super) fn notes(totals: Option<&Totals>, verdicts_left_out: u64) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(totals) = totals {
        let quiet = closing::quiet(&totals.outcomes);
        notes.extend(quiet.split("; ").filter(|part| !part.is_empty()).map(|part| format!("{part}.")));
        notes.extend(closing::unexplained(&totals.outcomes));
        notes.extend(closing::unanswered(&totals.outcomes));
        notes.extend(closing::disagreements(totals.disagreements));
        notes.extend(closing::forged(totals.forged));
    }
    if verdicts_left_out > 0 {
        notes.push(format!("{verdicts_left_out} more verdicts are not in this report."));
    }
    notes
}

/// What could not be seen.
pub(super) fn unseen(
    status: &TraceStatus,
    totals: Option<&Totals>,
    losses: &Losses,
    damage: Option<&str>,
) -> Vec<String> {
    let mut all: Vec<String> = damage.map(|why| format!("{why}.")).into_iter().collect();
    let so_far = Totals::so_far(losses.events);
    let totals = totals.unwrap_or(&so_far);
    all.extend(unseen::unseen(status, totals));
    let left_out = totals.records.left_out_total();
    if left_out > 0 {
        all.push(format!(
            "{left_out} records of senders that had sent many were left out; counters by signal have them."
        ));
    }
    let blind = hooks::blind(&status.hooks);
    let missing = status.hooks.iter().filter(|hook| hook.state == State::Missing && !blind.contains(hook));
    let missing: Vec<String> = missing.map(|hook| hook.hook.to_string()).collect();
    if !missing.is_empty() {
        let hooks = plural(missing.len(), "hook was", "hooks were");
        let missing = listed(&missing, missing.len(), 0);
        all.push(format!("{hooks} not available on this kernel, which hides no packet: {missing}."));
    }
    if status.hooks.is_empty() {
        all.push("Nothing says which hooks there were.".to_owned());
    }
    all
}

/// How bad it is, in a word or a few; never more than was seen.
pub(super) fn badge(incident: &Incident) -> &'static str {
    match incident.severity {
        Some(severity) => severity.word(),
        None if incident.proven => "no problem found",
        None if incident.doubts.is_empty() => "nothing found so far",
        None => "nothing found, and not all was seen",
    }
}

/// A time for people, to the millisecond.
pub(super) fn moment(time: &str) -> String {
    time.get(..23).unwrap_or(time).replace('T', " ")
}

/// Counters by signal, `drop 8, icmp_sent 4`.
pub(super) fn counters(counters: &BTreeMap<SignalKind, u64>) -> String {
    counters.iter().map(|(signal, n)| format!("{} {n}", signal.name())).collect::<Vec<_>>().join(", ")
}
