//! Counters by container: the worst first.
use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::io::{self, Write};

use super::{Text, line_of};
use crate::model::{KernelTally, NetnsId, Severity, SignalKind, Tally, describe};
use crate::output::Context;
use crate::output::escape::escape;

/// What each signal has grown by, by namespace.
pub(super) type Grown = HashMap<NetnsId, BTreeMap<SignalKind, u64>>;

impl<W: Write> Text<W> {
    /// A line each: those with the worst verdict first, then those with the most events (`grown`: since the last report).
    pub(super) fn tallies(
        &mut self,
        tallies: &[(NetnsId, Tally)],
        grown: Option<&Grown>,
        context: &Context<'_>,
    ) -> io::Result<()> {
        let mut order: Vec<&(NetnsId, Tally)> =
            tallies.iter().filter(|(_, tally)| tally.changed || grown.is_none()).collect();
        let mut worst: HashMap<&str, Severity> = HashMap::new();
        for (id, severity) in self.active.values() {
            worst.entry(id).and_modify(|known| *known = (*known).max(*severity)).or_insert(*severity);
        }
        order.sort_by_cached_key(|(netns, tally)| {
            let severity = tally.container.as_ref().and_then(|c| worst.get(c.id.as_str()).copied());
            let counters = grown.map_or(&tally.counters, |grown| grown.get(netns).unwrap_or(&tally.counters));
            Reverse((severity, counters.values().sum::<u64>()))
        });
        for (netns, tally) in order {
            let new = grown.and_then(|grown| grown.get(netns));
            let counters: Vec<String> = SignalKind::ALL
                .iter()
                .filter_map(|s| {
                    let count = tally.counters.get(s)?;
                    let step = new.and_then(|new| new.get(s)).filter(|step| *step < count);
                    let step = step.map(|n| format!(" (+{n})")).unwrap_or_default();
                    Some(format!("{} {count}{}{step}", s.name(), causes(*s, tally)))
                })
                .collect();
            let who = match &tally.container {
                Some(container) => line_of(container),
                None => describe::owner(*netns, context.node),
            };
            if !counters.is_empty() {
                writeln!(self.out, "  {}  {}", escape(&who), counters.join("  "))?;
            }
            if grown.is_none() {
                self.kernel(&who, counters.is_empty(), &tally.kernel)?;
            }
        }
        Ok(())
    }

    /// What the kernel counted in a namespace, below its counters or, without any, on a line of its own.
    fn kernel(&mut self, who: &str, alone: bool, kernel: &KernelTally) -> io::Result<()> {
        let counters: Vec<String> =
            kernel.counters.moved().iter().map(|(name, n)| format!("{name} {n}")).collect();
        if counters.is_empty() {
            return Ok(());
        }
        let indent = if alone { format!("  {}  ", escape(who)) } else { "    ".to_owned() };
        writeln!(self.out, "{indent}kernel counters: {}", counters.join("  "))?;
        for (name, counted, seen) in kernel.unseen() {
            writeln!(self.out, "    kernel counted {counted} {name}, hooks saw {seen}")?;
        }
        Ok(())
    }
}

/// Of drops, how many there were of each cause, where there was more than one cause.
fn causes(signal: SignalKind, tally: &Tally) -> String {
    if signal != SignalKind::Drop || tally.causes.len() < 2 {
        return String::new();
    }
    let causes: Vec<String> = tally.causes.iter().map(|(cause, count)| format!("{cause} {count}")).collect();
    format!(" ({})", causes.join(", "))
}
