//! Two reports: whether what was wrong before is right after, with figures. "Fixed" takes proof, not silence.
use serde::Serialize;

use super::incident::{Incident, Machine, Story, known_by};
use crate::model::{Severity, SignalKind, StandingMismatch};
use crate::output::text::label;

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

/// What became of a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fate {
    /// Proven to be right.
    Fixed,
    /// It is wrong after, too.
    Remains,
    /// It was not wrong before.
    New,
    /// Not seen after, which proves nothing.
    Unproven,
}

impl Fate {
    /// As a word.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Fate::Fixed => "FIXED",
            Fate::Remains => "STILL THERE",
            Fate::New => "NEW",
            Fate::Unproven => "NOT PROVEN",
        }
    }
}

/// What became of a verdict.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct VerdictChange {
    /// What became of it.
    pub(crate) state: Fate,
    /// The verdict, in a sentence.
    pub(crate) what: String,
    /// How that is known.
    pub(crate) why: String,
    /// The wrong MTU before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mtu_before: Option<u32>,
    /// The same device's after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mtu_after: Option<u32>,
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
        before.verdicts.iter().filter(grave).map(|story| fate(story, after)).collect();
    for mismatch in &before.standing {
        let told =
            before.verdicts.iter().any(|s| s.verdict.culprit.as_ref().is_some_and(|c| mismatch.is_about(c)));
        if !told {
            verdicts.push(standing_fate(mismatch, after));
        }
    }
    let is_new = |story: &&Story| grave(story) && !before.verdicts.iter().any(|old| same(old, story));
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

/// Whether two verdicts are about the same: who suffers by name, and the device by its own. Ids and namespaces are new after a
/// restart.
fn same(a: &Story, b: &Story) -> bool {
    let device = |story: &Story| story.verdict.culprit.as_ref().map(|device| device.interface.clone());
    who(a) == who(b) && device(a) == device(b)
}

fn who(story: &Story) -> Option<String> {
    story.verdict.container.as_ref().map(known_by)
}

fn fate(story: &Story, after: &Incident) -> VerdictChange {
    let v = &story.verdict;
    let mtu_before = v.culprit.as_ref().map(|culprit| culprit.mtu);
    let of = |state, why: String, mtu_after| VerdictChange {
        state,
        what: v.summary.clone(),
        why,
        mtu_before,
        mtu_after,
    };
    if let Some(now) = after.verdicts.iter().find(|now| now.verdict.active && same(now, story)) {
        let mtu = now.verdict.culprit.as_ref().map(|culprit| culprit.mtu);
        return of(Fate::Remains, "The same verdict was given after.".to_owned(), mtu);
    }
    let Some(culprit) = &v.culprit else {
        return of(
            Fate::Unproven,
            "It is beyond this node: that it was not seen after proves nothing.".to_owned(),
            None,
        );
    };
    if after.standing.iter().any(|mismatch| mismatch.culprit.interface == culprit.interface) {
        return of(Fate::Remains, format!("{} does not fit after, either.", culprit.interface), None);
    }
    // Only who was seen can have been found right: by the MTUs of its devices as they are told.
    let seen = after.paths.iter().find(|path| Some(&path.who) == who(story).as_ref());
    match seen.and_then(|path| path.devices.iter().find(|(name, _)| *name == culprit.interface)) {
        // A name may repeat on a path, and what was lost may have been the proof.
        Some((name, mtu)) if is_ambiguous(story, name) || after.records.lost > 0 => of(
            Fate::Unproven,
            format!(
                "{name} has MTU {mtu} after, but records were lost, or several devices of the path have that name."
            ),
            Some(*mtu),
        ),
        Some((name, mtu)) if is_still_too_large(story, *mtu) => {
            of(Fate::Remains, format!("{name} has MTU {mtu} after, which is still too large."), Some(*mtu))
        }
        Some((name, mtu)) if *mtu != culprit.mtu => {
            let whom = v.container.as_ref().map(label).unwrap_or_default();
            // Connections that began before a fix agreed on their MSS then, and go on dying: a verdict is given of new ones.
            let old = match after.drops_of(&who(story).unwrap_or_default()) {
                0 => "nothing died of its size after".to_owned(),
                drops => format!(
                    "{drops} packets died of their size after, as those of connections from before a fix do"
                ),
            };
            of(
                Fate::Fixed,
                format!("{name} of {whom} has MTU {mtu} now, {} before; {old}.", culprit.mtu),
                Some(*mtu),
            )
        }
        Some((name, mtu)) => of(Fate::Remains, format!("{name} has MTU {mtu}, as before."), Some(*mtu)),
        None => of(
            Fate::Unproven,
            "Who suffered was not there after, by name: nothing shows that it is right.".to_owned(),
            None,
        ),
    }
}

/// Whether several devices of the path have this name.
fn is_ambiguous(story: &Story, name: &str) -> bool {
    story.verdict.path.iter().filter(|hop| hop.interface == name).count() > 1
}

/// Whether an MTU that was too large is less so, and does not fit yet.
fn is_still_too_large(story: &Story, mtu: u32) -> bool {
    let (culprit, limit) = (story.verdict.culprit.as_ref(), story.verdict.bottleneck.as_ref());
    let wrong = culprit.zip(limit).filter(|(culprit, limit)| culprit.mtu > limit.mtu());
    wrong.is_some_and(|(culprit, limit)| mtu != culprit.mtu && mtu > limit.mtu())
}

fn standing_fate(mismatch: &StandingMismatch, after: &Incident) -> VerdictChange {
    let name = &mismatch.culprit.interface;
    let remains = after.standing.iter().any(|now| now.culprit.interface == *name);
    let names = mismatch.affected.iter().filter_map(|one| one.container.as_ref()?.name.clone());
    let names: Vec<String> = names.collect();
    let now = after.paths.iter().filter(|path| names.contains(&path.who)).flat_map(|path| &path.devices);
    let now = now.into_iter().find(|(device, _)| device == name).map(|(_, mtu)| *mtu);
    let (state, why) = match now {
        _ if remains => (Fate::Remains, format!("{name} does not fit after, either.")),
        Some(mtu) if mtu != mismatch.culprit.mtu => {
            (Fate::Fixed, format!("{name} has MTU {mtu} now, {} before.", mismatch.culprit.mtu))
        }
        _ => (
            Fate::Unproven,
            "Who is affected was not there after: nothing shows that it is right.".to_owned(),
        ),
    };
    let mtu_before = Some(mismatch.culprit.mtu);
    VerdictChange { state, what: mismatch.summary.clone(), why, mtu_before, mtu_after: now }
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
