//! Two reports: whether what was wrong before is right after, with figures. "Fixed" takes proof, not silence.
mod change;
mod fate;
#[cfg(test)]
mod tests;

use serde::Serialize;

use super::incident::{Incident, Machine, Story};
use crate::model::{Severity, SignalKind};
pub(crate) use change::{Fate, VerdictChange};

/// What has changed between two reports.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Comparison {
    /// Version of this form.
    pub(crate) v: u32,
    /// `incident_comparison`.
    pub(crate) kind: &'static str,
    /// Whether all that was wrong is proven to be right, and nothing new is wrong.
    pub(crate) fixed: bool,
    /// It in one sentence.
    pub(crate) headline: String,
    /// Where and when the first one was.
    pub(crate) before: Side,
    /// Where and when the second one was.
    pub(crate) after: Side,
    /// Each verdict of either.
    pub(crate) verdicts: Vec<VerdictChange>,
    /// Events in a minute, by signal.
    pub(crate) figures: Vec<Figure>,
}

/// Where and when a report was.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Side {
    /// The machine's name.
    pub(crate) host: String,
    /// Its kernel.
    pub(crate) kernel: String,
    /// When it begins.
    pub(crate) start: String,
    /// Milliseconds.
    pub(crate) duration_ms: u64,
}

/// Events in a minute.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figure {
    /// The signal.
    pub(crate) name: &'static str,
    /// Before.
    pub(crate) before: f64,
    /// After.
    pub(crate) after: f64,
}

/// Compares two reports.
pub(crate) fn compare(before: &Incident, after: &Incident) -> Comparison {
    let grave = |story: &&Story| story.verdict.severity >= Severity::Warning;
    let mut verdicts: Vec<VerdictChange> =
        before.verdicts.iter().filter(grave).map(|story| fate::of_verdict(story, before, after)).collect();
    for mismatch in &before.standing {
        let told =
            before.verdicts.iter().any(|s| s.verdict.culprit.as_ref().is_some_and(|c| mismatch.is_about(c)));
        if !told {
            verdicts.push(fate::of_mismatch(mismatch, after));
        }
    }
    let is_new = |story: &&Story| grave(story) && !before.verdicts.iter().any(|old| fate::same(old, story));
    verdicts.extend(after.verdicts.iter().filter(is_new).map(|story| VerdictChange {
        state: Fate::New,
        what: story.verdict.summary.clone(),
        why: "Before, this was not seen.".to_owned(),
        mtu_before: None,
        mtu_after: story.verdict.culprit.as_ref().map(|culprit| culprit.mtu),
    }));
    let fixed = !verdicts.is_empty() && verdicts.iter().all(|change| change.state == Fate::Fixed);
    Comparison {
        v: 1,
        kind: "incident_comparison",
        fixed,
        headline: headline(&verdicts, fixed),
        before: side(before),
        after: side(after),
        figures: figures(before, after),
        verdicts,
    }
}

fn headline(verdicts: &[VerdictChange], fixed: bool) -> String {
    let count = |fate| verdicts.iter().filter(|change| change.state == fate).count();
    if verdicts.is_empty() {
        return "Nothing to compare: before, nothing was wrong.".to_owned();
    }
    if fixed {
        return format!(
            "Fixed: {}",
            verdicts.iter().map(|change| change.why.as_str()).collect::<Vec<_>>().join(" ")
        );
    }
    let (remain, new, open) = (count(Fate::Remains), count(Fate::New), count(Fate::Unproven));
    format!("Not fixed: {remain} still there, {new} new, {open} not proven, {} fixed.", count(Fate::Fixed))
}

fn side(incident: &Incident) -> Side {
    let Machine { host, kernel, .. } = incident.machine.clone();
    Side { host, kernel, start: incident.start.clone(), duration_ms: incident.duration_ms }
}

fn figures(before: &Incident, after: &Incident) -> Vec<Figure> {
    let rate = |incident: &Incident, signal: SignalKind| {
        incident.count(signal) as f64 * 60_000.0 / incident.duration_ms.max(1) as f64
    };
    let figure = |signal: &SignalKind| Figure {
        name: signal.name(),
        before: rate(before, *signal),
        after: rate(after, *signal),
    };
    SignalKind::ALL.iter().map(figure).filter(|f| f.before > 0.0 || f.after > 0.0).collect()
}
