//! Which verdicts can be given here, and what is lost of the others. Pure.
mod needs;

use mtutrace_common::HookId;
use schemars::JsonSchema;
use serde::Serialize;

use crate::kernel::hooks::{Status, works};
use crate::model::VerdictKind;
use needs::Source::{self, Drop, Hook, Place, Reason};
use needs::{Needs, needs};

/// How far a verdict works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum Extent {
    /// In all its forms.
    Works,
    /// Something of it is lost.
    Partly,
    /// It can never be given.
    Not,
}

/// One verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "DoctorVerdict")]
pub(super) struct VerdictReport {
    /// Which.
    pub(super) verdict: VerdictKind,
    /// How far it works.
    pub(super) state: Extent,
    /// What is lost, or what is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) why: Option<String>,
}

/// What this kernel offers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer<'a> {
    /// How each hook turned out.
    pub(super) hooks: &'a [Status],
    /// The kernel's drop reasons, without their prefix; none before 5.17.
    pub(super) reasons: &'a [String],
    /// Whether the places of drops can be named (/proc/kallsyms).
    pub(super) symbols: bool,
}

impl Offer<'_> {
    /// What keeps a source from being there, with its hook; nothing if it is.
    fn lacks(&self, source: Source) -> Option<(&'static str, String)> {
        let hook = match source {
            Hook(id) => id,
            Drop(_) | Reason(_) | Place => HookId::KfreeSkb,
        };
        if !works(self.hooks, hook) {
            let status = self.hooks.iter().find(|status| status.hook == hook.name());
            let why = status.and_then(|status| status.why.as_deref()).unwrap_or("missing");
            return Some((hook.name(), why.to_owned()));
        }
        let known = |reason: &str| self.reasons.iter().any(|known| known == reason);
        let why = match source {
            Reason(reason) if !known(reason) => {
                format!("this kernel has no drop reason {reason} (Linux 5.18 and later)")
            }
            Drop(reason) if !known(reason) && !self.symbols => {
                format!("this kernel shows neither a drop reason {reason} nor its symbols (CAP_SYSLOG)")
            }
            Place if !self.symbols => "this kernel does not show its symbols (CAP_SYSLOG)".to_owned(),
            _ => return None,
        };
        Some((hook.name(), why))
    }

    /// What keeps all of them from being there, each reason once; nothing if one is there.
    fn lacks_all(&self, sources: &[Source]) -> Option<String> {
        let lacking = sources.iter().map(|source| self.lacks(*source)).collect::<Option<Vec<_>>>()?;
        let mut reasons: Vec<(String, Vec<&str>)> = Vec::new();
        for (hook, why) in lacking {
            match reasons.iter_mut().find(|(known, _)| *known == why) {
                Some((_, hooks)) if hooks.contains(&hook) => {}
                Some((_, hooks)) => hooks.push(hook),
                None => reasons.push((why, vec![hook])),
            }
        }
        let say = |(why, hooks): &(String, Vec<&str>)| format!("{}: {why}", hooks.join(", "));
        Some(reasons.iter().map(say).collect::<Vec<_>>().join("; "))
    }
}

/// Each verdict, and how far it works here.
pub(super) fn verdicts(offer: &Offer<'_>) -> Vec<VerdictReport> {
    let judge = |verdict: VerdictKind| {
        let Needs { any, parts } = needs(verdict);
        if let Some(missing) = offer.lacks_all(any) {
            return VerdictReport { verdict, state: Extent::Not, why: Some(missing) };
        }
        let lost = parts.iter().filter(|(sources, _)| offer.lacks_all(sources).is_some());
        let lost: Vec<&str> = lost.map(|(_, lost)| *lost).collect();
        let state = if lost.is_empty() { Extent::Works } else { Extent::Partly };
        VerdictReport { verdict, state, why: (!lost.is_empty()).then(|| lost.join("; ")) }
    };
    VerdictKind::ALL.into_iter().map(judge).collect()
}

/// All of it in one sentence.
pub(super) fn conclusion(reports: &[VerdictReport]) -> String {
    let of = |state: Extent| {
        let named = reports.iter().filter(|report| report.state == state);
        named.map(|report| report.verdict.title()).collect::<Vec<_>>()
    };
    let (full, partly, not) = (of(Extent::Works), of(Extent::Partly), of(Extent::Not));
    let all = reports.len();
    if full.len() == all {
        return format!("All {all} verdicts work here.");
    }
    if not.len() == all {
        return "No verdict can be given here.".to_owned();
    }
    let mut sentence = format!("{} of {all} verdicts work here in full", full.len());
    for (word, names) in [("partly", partly), ("not", not)] {
        if !names.is_empty() {
            sentence += &format!("; {word}: {}", names.join(", "));
        }
    }
    sentence + "."
}

#[cfg(test)]
mod tests;
