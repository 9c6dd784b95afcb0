//! How hooks are described, and how they turned out.
mod registry;

use mtutrace_common::HookId;
use schemars::JsonSchema;
use serde::Serialize;

use crate::model::SignalKind;

pub use registry::HOOKS;

/// Where a hook's program goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// TC ingress of the chosen devices.
    Ingress,
    /// TC egress of the chosen devices.
    Egress,
    /// The raw tracepoint of this name.
    RawTracepoint(&'static str),
    /// The entries of these kernel functions, one for each program.
    Kprobe(&'static [&'static str]),
}

/// One hook.
#[derive(Clone, Copy, Debug)]
pub struct Hook {
    /// Name in reports.
    pub name: &'static str,
    /// By which records name it; of a hook with several programs, the first one's.
    pub id: HookId,
    /// Programs of the BPF object (a classifier has one for devices with Ethernet headers and one for those without).
    pub programs: &'static [&'static str],
    /// Where they go.
    pub place: Place,
    /// Of several hooks with one duty only the first that works is attached, or packets would count twice; no duty: it
    /// is always attached.
    pub duty: &'static str,
    /// What it sees.
    pub signals: &'static [SignalKind],
    /// Of [`SignalKind::Drop`], the causes that it sees, as JSON names them.
    pub causes: &'static [&'static str],
    /// Kernel fields that it cannot do without (as in [`super::offsets`]).
    pub needs: &'static [&'static str],
    /// What it cannot see.
    pub blind: &'static str,
}

/// The name of the hook that a record came from.
pub fn name(id: HookId) -> &'static str {
    match id {
        // It shares an entry of the registry with its IPv4 twin.
        HookId::Ipv6LocalError => "kprobe:ipv6_local_error",
        _ => HOOKS.iter().find(|hook| hook.id == id).map_or("unknown", |hook| hook.name),
    }
}

/// How an attempt to attach a hook ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is attached (a classifier: loaded, to be attached to devices).
    Attached,
    /// Not tried: another hook does its duty.
    Spare,
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
    Spare,
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
    table.iter().any(|status| status.hook == name(id) && works(status))
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
                Outcome::Spare => (State::Spare, pairs.iter().find_map(|p| does_duty_of(p, hook))),
                Outcome::Attached => match stands_in(&pairs, index) {
                    Some(why) => (State::Fallback, Some(why)),
                    None => (State::Attached, None),
                },
            };
            Status {
                hook: hook.name,
                signals: hook.signals.to_vec(),
                causes: hook.causes.to_vec(),
                state,
                why,
            }
        })
        .collect()
}

fn does_duty_of((other, outcome): &(&Hook, &Outcome), hook: &Hook) -> Option<String> {
    let does = **outcome == Outcome::Attached && other.duty == hook.duty;
    does.then(|| format!("{} does its duty", other.name))
}

/// For which better hook, if for any, the attached one at `index` stands in.
fn stands_in(pairs: &[(&Hook, &Outcome)], index: usize) -> Option<String> {
    let (hook, _) = pairs.get(index)?;
    hook.signals.iter().find_map(|signal| {
        let mut lost = pairs.iter().take(index).filter(|(h, o)| {
            h.signals.contains(signal) && matches!(o, Outcome::Missing(_)) && !is_done(pairs, h, hook)
        });
        let (better, _) = lost.next_back()?;
        Some(format!("sees {} in place of {}", signal.name(), better.name))
    })
}

/// Whether a missing hook is none of `hook`'s business: its duty is another one's, or done by another.
fn is_done(pairs: &[(&Hook, &Outcome)], missing: &Hook, hook: &Hook) -> bool {
    if !hook.duty.is_empty() {
        return missing.duty != hook.duty;
    }
    !missing.duty.is_empty() && pairs.iter().any(|(h, o)| h.duty == missing.duty && **o == Outcome::Attached)
}

#[cfg(test)]
mod tests;
