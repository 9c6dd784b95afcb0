//! The sentences of a report.
use std::collections::BTreeMap;

use super::incident::Story;
use crate::kernel::hooks::State;
use crate::model::{Severity, SignalKind, StandingMismatch};
use crate::output::plural::{listed, plural};
use crate::output::text::closing;
use crate::output::{Losses, Totals};
use crate::telemetry::TraceStatus;

/// It in one sentence.
pub(super) fn headline(verdicts: &[Story], standing: &[StandingMismatch], proven: bool) -> String {
    if let Some(story) = verdicts.first() {
        return story.verdict.summary.clone();
    }
    match standing.first() {
        Some(mismatch) => mismatch.summary.clone(),
        None if proven => "No MTU problem was seen.".to_owned(),
        None => "No verdict: no MTU problem was seen, and not all of it could be seen.".to_owned(),
    }
}

/// Whether nothing is open that may have done harm.
pub(super) fn nothing_open(totals: &Totals) -> bool {
    let open = !totals.outcomes.unexplained.is_empty() || totals.outcomes.unanswered > 0;
    !open && !totals.unready && totals.records.lost == 0 && totals.unmatched.is_none()
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
    let mut unseen = Vec::new();
    unseen.extend(damage.map(|why| format!("{why}.")));
    let lost = totals.map_or(losses.events, |totals| totals.records.lost);
    if lost > 0 {
        unseen.push(format!("{lost} records were lost: they came faster than mtutrace could read them."));
    }
    if let Some(totals) = totals {
        let left_out = totals.records.left_out_total();
        if left_out > 0 {
            unseen.push(format!("{left_out} records of senders that had sent many were left out; counters by signal have them."));
        }
        if totals.undecodable > 0 {
            unseen.push(format!("{} records could not be decoded.", totals.undecodable));
        }
        if let Some(missed) = totals.missed.filter(|missed| *missed > 0) {
            unseen.push(format!("The kernel left out {missed} runs of mtutrace's programs."));
        }
        if totals.unready {
            unseen.push("It ended before all interfaces were traced.".to_owned());
        }
        unseen.extend(totals.unmatched.as_ref().map(|why| format!("{why}.")));
    }
    for (count, one, many) in [
        (status.refused, "interface took no classifier", "interfaces took no classifier"),
        (
            status.unreadable,
            "network namespace could not be entered",
            "network namespaces could not be entered",
        ),
        (status.cut, "network namespace has more than is read", "network namespaces have more than is read"),
    ] {
        if count > 0 {
            unseen.push(format!("{}.", plural(count, one, many)));
        }
    }
    if status.pid_namespace.is_some() {
        unseen.push("Only the processes of mtutrace's own pid namespace were seen.".to_owned());
    }
    let missing = status.hooks.iter().filter(|hook| hook.state == State::Missing);
    let missing: Vec<String> = missing.map(|hook| hook.hook.to_string()).collect();
    let standby = status.hooks.iter().any(|hook| hook.state == State::Fallback);
    if !missing.is_empty() {
        let instead = if standby { "; others stand in for some of them" } else { "" };
        let hooks = plural(missing.len(), "hook was", "hooks were");
        unseen.push(format!(
            "{hooks} not available on this kernel{instead}: {}.",
            listed(&missing, missing.len(), 0)
        ));
    }
    if status.hooks.is_empty() {
        unseen.push("Nothing says which hooks there were.".to_owned());
    }
    unseen
}

/// A severity as a word for people.
pub(super) fn severity(severity: Option<Severity>) -> &'static str {
    severity.map_or("no problem found", Severity::word)
}

/// A time for people, to the millisecond.
pub(super) fn moment(time: &str) -> String {
    time.get(..23).unwrap_or(time).replace('T', " ")
}

/// Counters by signal, `drop 8, icmp_sent 4`.
pub(super) fn counters(counters: &BTreeMap<SignalKind, u64>) -> String {
    counters.iter().map(|(signal, n)| format!("{} {n}", signal.name())).collect::<Vec<_>>().join(", ")
}
