//! How hooks turned out, and which stand in for which.
use std::borrow::Cow;

use mtutrace_common::HookId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::hook::Hook;
use super::registry::HOOKS;
use crate::model::SignalKind;

/// How an attempt to attach a hook ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It is attached (a classifier: loaded, to be attached to devices).
    Attached,
    /// Not tried: another hook covers it.
    Standby,
    /// Why not.
    Missing(String),
}

/// How a hook turned out on this kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// Attached, and the best one for each of its signals.
    Attached,
    /// Attached, and standing in for a better one.
    Fallback,
    /// Not attached, because a better one is.
    #[serde(rename = "spare")]
    Standby,
    /// Not attached.
    Missing,
}

impl State {
    /// Whether the hook sees anything.
    pub(crate) fn works(self) -> bool {
        matches!(self, State::Attached | State::Fallback)
    }
}

/// The outcome for one hook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Status {
    /// Its name.
    pub(crate) hook: Cow<'static, str>,
    /// What it sees.
    pub(crate) signals: Vec<SignalKind>,
    /// Of drops, which.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) causes: Vec<Cow<'static, str>>,
    /// Outcome.
    pub(crate) state: State,
    /// Why it is missing, or for what it stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
}

/// Whether the hook that makes these records is attached.
pub(crate) fn works(table: &[Status], id: HookId) -> bool {
    table.iter().any(|status| status.hook == id.name() && status.state.works())
}

/// Missing hooks by which packets would have been seen that are too big or die, and that no other one stands in for: what they
/// would have seen, nothing did. That a sender was not seen to be told hides no packet.
pub(crate) fn blind(table: &[Status]) -> Vec<&Status> {
    let working: Vec<&Status> = table.iter().filter(|status| status.state.works()).collect();
    let role =
        |status: &Status| HOOKS.iter().find(|hook| hook.name() == status.hook).map_or("", |hook| hook.role);
    let is_seen = |missing: &Status| {
        let own = role(missing);
        if !own.is_empty() {
            return working.iter().any(|other| role(other) == own);
        }
        let causes = |cause| working.iter().any(|other| other.causes.contains(cause));
        let signals = |signal| working.iter().any(|other| other.signals.contains(signal));
        missing.causes.iter().all(causes) && missing.signals.iter().all(signals)
    };
    let tells = |missing: &Status| missing.signals.iter().any(|signal| !signal.is_message());
    let missing = table.iter().filter(|status| status.state == State::Missing);
    missing.filter(|status| tells(status) && !is_seen(status)).collect()
}

/// Turns the outcome of each hook of `hooks` into the table of reports.
pub(crate) fn table(hooks: &[Hook], outcome: &[Outcome]) -> Vec<Status> {
    let pairs: Vec<(&Hook, &Outcome)> = hooks.iter().zip(outcome).collect();
    pairs
        .iter()
        .enumerate()
        .map(|(index, (hook, outcome))| {
            let (state, why) = match outcome {
                Outcome::Missing(why) => (State::Missing, Some(why.clone())),
                Outcome::Standby => (State::Standby, pairs.iter().find_map(|p| covers(p, hook))),
                Outcome::Attached => match stands_in(&pairs, index) {
                    Some(why) => (State::Fallback, Some(why)),
                    None => (State::Attached, None),
                },
            };
            Status {
                hook: hook.name().into(),
                signals: hook.signals.to_vec(),
                causes: hook.causes.iter().map(|cause| cause.name().into()).collect(),
                state,
                why,
            }
        })
        .collect()
}

fn covers((other, outcome): &(&Hook, &Outcome), hook: &Hook) -> Option<String> {
    let covers = **outcome == Outcome::Attached && other.role == hook.role;
    covers.then(|| format!("not needed: {} covers it", other.name()))
}

/// For which better hook, if for any, the attached one at `index` stands in.
fn stands_in(pairs: &[(&Hook, &Outcome)], index: usize) -> Option<String> {
    let (hook, _) = pairs.get(index)?;
    hook.signals.iter().find_map(|signal| {
        let mut lost = pairs.iter().take(index).filter(|(h, o)| {
            h.signals.contains(signal) && matches!(o, Outcome::Missing(_)) && !is_filled(pairs, h, hook)
        });
        let (better, _) = lost.next_back()?;
        Some(format!("sees {} in place of {}", signal.name(), better.name()))
    })
}

/// Whether a missing hook is none of `hook`'s business: its role is another one's, or filled by another.
fn is_filled(pairs: &[(&Hook, &Outcome)], missing: &Hook, hook: &Hook) -> bool {
    if !hook.role.is_empty() {
        return missing.role != hook.role;
    }
    !missing.role.is_empty() && pairs.iter().any(|(h, o)| h.role == missing.role && **o == Outcome::Attached)
}
