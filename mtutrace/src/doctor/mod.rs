//! `mtutrace doctor`: what can be traced on this kernel, hook by hook, and what would help where it can't.
mod machine;

use std::io::{self, Write};

use serde::Serialize;

use crate::cli::{DoctorArgs, Format};
use crate::exit::{Failure, Found};
use crate::kernel::hooks::{HOOKS, Hook, State, Status, table};
use crate::kernel::{capability, load};
use crate::model::SignalKind;
use crate::output::escape::escape;

pub use machine::{Fact, facts};

/// One hook, with what is lost without it.
#[derive(Debug, Serialize)]
struct Row {
    #[serde(flatten)]
    status: Status,
    blind: &'static str,
}

/// A signal and the hooks that see it here, the preferred one first.
#[derive(Debug, Serialize)]
struct Signal {
    signal: SignalKind,
    hooks: Vec<&'static str>,
}

#[derive(Debug, Serialize)]
struct Report {
    v: u32,
    kind: &'static str,
    facts: Vec<Fact>,
    hooks: Vec<Row>,
    signals: Vec<Signal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refusal: Option<String>,
}

/// Tries every hook and says how it went. Without the capabilities it says what it can't know.
///
/// # Errors
/// When nothing can be traced (exit code 3), after the report was printed.
pub fn doctor(args: &DoctorArgs) -> Result<Found, Failure> {
    let (outcome, refusal) = try_hooks();
    let statuses = table(HOOKS, &outcome);
    let report = Report {
        v: 1,
        kind: "doctor",
        facts: facts(),
        signals: signals(HOOKS, &statuses),
        hooks: statuses
            .into_iter()
            .zip(HOOKS)
            .map(|(status, hook)| Row { status, blind: hook.blind })
            .collect(),
        refusal: refusal.clone(),
    };
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = match args.output {
        Format::Json => {
            serde_json::to_writer(&mut out, &report).map_err(io::Error::from).and_then(|()| writeln!(out))
        }
        Format::Text => text(&mut out, &report),
    };
    match written.and_then(|()| out.flush()) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => return Err(e.into()),
        _ => {}
    }
    refusal.map_or(Ok(Found::Nothing), |why| Err(Failure::Machine(why)))
}

/// Loads and attaches as a run would, and takes all of it away again.
fn try_hooks() -> (Vec<Option<String>>, Option<String>) {
    let missing = capability::missing();
    if !missing.is_empty() {
        let unknown = "not known: it was not tried for lack of capabilities".to_owned();
        return (vec![Some(unknown); HOOKS.len()], Some(capability::explain(&missing)));
    }
    match load::load(false, mtutrace_common::config::RING_BYTES) {
        Ok(loaded) => (loaded.outcome, None),
        Err(e) => (vec![Some(e.to_string()); HOOKS.len()], Some(e.to_string())),
    }
}

fn signals(hooks: &[Hook], statuses: &[Status]) -> Vec<Signal> {
    let seen_by = |signal: SignalKind| {
        let there = hooks.iter().zip(statuses).filter(|(_, status)| status.state != State::Missing);
        there.filter(|(hook, _)| hook.signals.contains(&signal)).map(|(hook, _)| hook.name).collect()
    };
    SignalKind::ALL.into_iter().map(|signal| Signal { signal, hooks: seen_by(signal) }).collect()
}

fn text(out: &mut impl Write, report: &Report) -> io::Result<()> {
    for fact in &report.facts {
        writeln!(out, "{:<14} {}", fact.what, escape(&fact.state))?;
        if let Some(advice) = &fact.advice {
            writeln!(out, "{:<14}   {}", "", escape(advice))?;
        }
    }
    writeln!(out)?;
    for row in &report.hooks {
        let state = match row.status.state {
            State::Attached => "works",
            State::Fallback => "fallback",
            State::Missing => "missing",
        };
        let names: Vec<&str> = row.status.signals.iter().map(|s| s.name()).collect();
        writeln!(out, "{state:<9} {:<26} {}", row.status.hook, names.join(", "))?;
        if let Some(why) = &row.status.why {
            writeln!(out, "{:<9}   {}", "", escape(why))?;
        }
        writeln!(out, "{:<9}   blind to {}", "", row.blind)?;
    }
    writeln!(out)?;
    for signal in &report.signals {
        let hooks =
            if signal.hooks.is_empty() { "nobody sees it here".to_owned() } else { signal.hooks.join(", ") };
        writeln!(out, "{:<18} {hooks}", signal.signal.name())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_without_a_hook_says_so() {
        let mut outcome = vec![None; HOOKS.len()];
        let name_of = |hooks: &[Signal], wanted| {
            hooks.iter().find(|s| s.signal == wanted).map(|s| s.hooks.clone()).unwrap_or_default()
        };
        let all = signals(HOOKS, &table(HOOKS, &outcome));
        assert_eq!(name_of(&all, SignalKind::IcmpSent).first(), Some(&"raw_tp:icmp_send"));
        assert!(all.iter().all(|s| !s.hooks.is_empty()));
        for (hook, why) in HOOKS.iter().zip(&mut outcome) {
            if hook.signals.contains(&SignalKind::Drop) {
                *why = Some("no".to_owned());
            }
        }
        assert!(name_of(&signals(HOOKS, &table(HOOKS, &outcome)), SignalKind::Drop).is_empty());
    }
}
