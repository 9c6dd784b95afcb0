//! `mtutrace doctor`: which verdicts can be given on this kernel, what can be traced, hook by hook, and what to do where something
//! is missing.
mod machine;
mod verdicts;

use std::collections::BTreeSet;
use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::outcome::{Failure, Outcome};
use crate::commands::sight;
use crate::discovery::visibility::Visibility;
use crate::kernel::capability;
use crate::kernel::hooks::{self, HOOKS, Hook, State, Status, table};
use crate::kernel::load;
use crate::model::{SignalKind, VerdictKind, drop_causes};
use crate::output::escape::escape;
use crate::output::format::Format;
use crate::output::json::line;

use verdicts::{Extent, Offer, VerdictReport, conclusion, verdicts};

pub(crate) use machine::{Fact, facts};

/// One hook, with what is lost without it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "DoctorHook")]
struct HookReport {
    #[serde(flatten)]
    status: Status,
    blind: &'static str,
}

/// A signal and the hooks that see it here, the preferred one first.
#[derive(Debug, Serialize, JsonSchema)]
struct Signal {
    signal: SignalKind,
    /// Of a drop, which.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = drop_causes()))]
    cause: Option<&'static str>,
    hooks: Vec<&'static str>,
    /// What is lost, where no hook sees it.
    #[serde(skip_serializing_if = "Option::is_none")]
    lost: Option<&'static str>,
}

#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct DoctorLine {
    v: u32,
    kind: &'static str,
    /// Which verdicts can be given here.
    verdicts: Vec<VerdictReport>,
    facts: Vec<Fact>,
    hooks: Vec<HookReport>,
    signals: Vec<Signal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
}

/// Options of `doctor`.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Output format.
    pub(crate) output: Format,
    /// How the kernel side is loaded.
    pub(crate) load: load::Options,
}

/// Tries every hook and says how it went. Without the capabilities it says what it can't know.
///
/// # Errors
/// When nothing can be traced (exit code 3), after the report was printed.
pub(crate) fn doctor(options: &Options) -> Result<Outcome, Failure> {
    options.load.check().map_err(Failure::btf)?;
    let Tried { outcome, reasons, symbols, refusal } = try_hooks(&options.load);
    // Hooks alone name nobody.
    let visibility = machine::visibility();
    let blind = (visibility == Visibility::Blind).then(|| sight::refusal(visibility));
    let refusal = refusal.or(blind);
    let statuses = table(HOOKS, &outcome);
    let report = DoctorLine {
        v: 1,
        kind: "doctor",
        verdicts: verdicts(&Offer { hooks: &statuses, reasons: &reasons, symbols }),
        facts: facts(options.load.kernel_btf.as_deref()),
        signals: signals(HOOKS, &statuses),
        hooks: statuses
            .into_iter()
            .zip(HOOKS)
            .map(|(status, hook)| HookReport { status, blind: hook.limitations })
            .collect(),
        refusal: refusal.clone(),
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match options.output {
        Format::Json => line::write(&mut out, &report).and_then(|()| writeln!(out)),
        Format::Text => text(&mut out, &report),
    };
    match written.and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => return Err(Failure::Output(e)),
        _ => {}
    }
    refusal.map_or(Ok(Outcome::Nothing), |why| Err(Failure::Machine(why)))
}

/// What came of trying.
struct Tried {
    outcome: Vec<hooks::Outcome>,
    /// Drop reasons of the kernel.
    reasons: Vec<String>,
    /// Whether it shows its symbols.
    symbols: bool,
    /// Why nothing can be traced.
    refusal: Option<String>,
}

/// Loads and attaches as a run would, and takes all of it away again.
fn try_hooks(options: &load::Options) -> Tried {
    let none = |why: String, refusal| Tried {
        outcome: vec![hooks::Outcome::Missing(why); HOOKS.len()],
        reasons: Vec::new(),
        symbols: false,
        refusal: Some(refusal),
    };
    let missing = capability::missing();
    if !missing.is_empty() {
        let unknown = "unknown: not tried, because capabilities are missing".to_owned();
        return none(unknown, capability::explain(&missing));
    }
    match load::load(options) {
        Ok(loaded) => Tried {
            outcome: loaded.outcome,
            reasons: loaded.reasons.into_values().collect(),
            symbols: loaded.symbols.is_some(),
            refusal: None,
        },
        Err(e) => none(e.to_string(), e.to_string()),
    }
}

/// Each signal, and of drops each cause, with the hooks that see it here.
fn signals(hooks: &[Hook], statuses: &[Status]) -> Vec<Signal> {
    let there = |hook: &&Hook| {
        let status = statuses.iter().find(|status| status.hook == hook.name());
        status.is_some_and(|s| s.state.works())
    };
    let row = |signal: SignalKind, cause: Option<&'static str>| {
        let sees = |hook: &&Hook| {
            hook.signals.contains(&signal)
                && cause.is_none_or(|name| hook.causes.iter().any(|cause| cause.name() == name))
        };
        let seen_by: Vec<&str> = hooks.iter().filter(there).filter(sees).map(|hook| hook.name()).collect();
        let lost = seen_by.is_empty().then(|| signal.lost());
        Signal { signal, cause, hooks: seen_by, lost }
    };
    let causes: BTreeSet<&'static str> =
        hooks.iter().flat_map(|hook| hook.causes).map(|cause| cause.name()).collect();
    let drops = causes.into_iter().map(|cause| row(SignalKind::Drop, Some(cause)));
    drops
        .chain(SignalKind::ALL.into_iter().filter(|s| *s != SignalKind::Drop).map(|s| row(s, None)))
        .collect()
}

fn text(out: &mut impl Write, report: &DoctorLine) -> io::Result<()> {
    writeln!(out, "{}", conclusion(&report.verdicts))?;
    let width = VerdictKind::ALL.iter().map(|kind| kind.title().len()).max().unwrap_or_default();
    for VerdictReport { verdict, state, why } in &report.verdicts {
        let state = match state {
            Extent::Works => "works",
            Extent::Partly => "partly: ",
            Extent::Not => "not: ",
        };
        let why = escape(why.as_deref().unwrap_or_default());
        writeln!(out, "  {:<width$}  {state}{why}", verdict.title())?;
    }
    writeln!(out)?;
    for fact in &report.facts {
        writeln!(out, "{:<14} {}", fact.what, escape(&fact.state))?;
        if let Some(advice) = &fact.advice {
            writeln!(out, "{:<14}   {}", "", escape(advice))?;
        }
    }
    writeln!(out)?;
    for row in &report.hooks {
        let state = match row.status.state {
            State::Attached => "attached",
            State::Fallback => "fallback",
            State::Standby => "standby",
            State::Missing => "missing",
        };
        let names: Vec<&str> = row.status.signals.iter().map(|s| s.name()).collect();
        writeln!(out, "{state:<9} {:<26} {}", row.status.hook, names.join(", "))?;
        if let Some(why) = &row.status.why {
            writeln!(out, "{:<9}   {}", "", escape(why))?;
        }
        writeln!(out, "{:<9}   not seen: {}", "", row.blind)?;
    }
    writeln!(out)?;
    for signal in &report.signals {
        let name = match signal.cause {
            Some(cause) => format!("{} ({cause})", signal.signal.name()),
            None => signal.signal.name().to_owned(),
        };
        match signal.lost {
            Some(lost) => writeln!(out, "{name:<24} not seen: {lost}")?,
            None => writeln!(out, "{name:<24} {}", signal.hooks.join(", "))?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_without_a_hook_says_so() {
        let mut outcome = vec![hooks::Outcome::Attached; HOOKS.len()];
        let name_of = |hooks: &[Signal], wanted| {
            hooks.iter().find(|s| s.signal == wanted).map(|s| s.hooks.clone()).unwrap_or_default()
        };
        let all = signals(HOOKS, &table(HOOKS, &outcome));
        assert_eq!(name_of(&all, SignalKind::IcmpSent).first(), Some(&"kprobe:__icmp_send"));
        assert!(all.iter().all(|s| !s.hooks.is_empty()));
        for (hook, why) in HOOKS.iter().zip(&mut outcome) {
            if hook.signals.contains(&SignalKind::Drop) {
                *why = hooks::Outcome::Missing("no".to_owned());
            }
        }
        assert!(name_of(&signals(HOOKS, &table(HOOKS, &outcome)), SignalKind::Drop).is_empty());
    }
}
