//! How hooks are described, and how they turned out.
mod registry;

use mtutrace_common::config::DropCause;
use mtutrace_common::{HookId, Place};
use schemars::JsonSchema;
use serde::Serialize;

use crate::model::SignalKind;

pub use registry::HOOKS;

/// One hook.
#[derive(Clone, Copy, Debug)]
pub struct Hook {
    /// Programs of the BPF object, each with the id that its records carry and that says where it goes. A classifier has
    /// one for devices with Ethernet headers and one for those without.
    pub programs: &'static [(HookId, &'static str)],
    /// Of several hooks with one role only the first that works is attached, or packets would count twice; no role: it is
    /// always attached.
    pub role: &'static str,
    /// What it sees.
    pub signals: &'static [SignalKind],
    /// Of [`SignalKind::Drop`], the causes that it sees.
    pub causes: &'static [DropCause],
    /// Kernel fields that it cannot do without (as in [`super::offsets`]).
    pub needs: &'static [&'static str],
    /// What it cannot see.
    pub limitations: &'static str,
}

impl Hook {
    /// The first of its ids, which gives it its name.
    fn id(&self) -> Option<HookId> {
        self.programs.first().map(|(id, _)| *id)
    }

    /// Its name in reports.
    pub fn name(&self) -> &'static str {
        self.id().map_or("unknown", HookId::name)
    }

    /// Where its first program goes; the others go to places of the same kind.
    pub fn place(&self) -> Option<Place> {
        self.id().map(HookId::place)
    }
}

/// How an attempt to attach a hook ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is attached (a classifier: loaded, to be attached to devices).
    Attached,
    /// Not tried: another hook covers it.
    Standby,
    /// Why not.
    Missing(String),
}

/// How a hook turned out on this kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
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

/// The outcome for one hook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Status {
    /// Its name.
    pub hook: &'static str,
    /// What it sees.
    pub signals: Vec<SignalKind>,
    /// Of drops, which.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<&'static str>,
    /// Outcome.
    pub state: State,
    /// Why it is missing, or for what it stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// Whether the hook that makes these records is attached.
pub fn works(table: &[Status], id: HookId) -> bool {
    let works = |status: &Status| matches!(status.state, State::Attached | State::Fallback);
    table.iter().any(|status| status.hook == id.name() && works(status))
}

/// Turns the outcome of each hook of `hooks` into the table of reports.
pub fn table(hooks: &[Hook], outcome: &[Outcome]) -> Vec<Status> {
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
                hook: hook.name(),
                signals: hook.signals.to_vec(),
                causes: hook.causes.iter().map(|cause| cause.name()).collect(),
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

#[cfg(test)]
mod tests;
