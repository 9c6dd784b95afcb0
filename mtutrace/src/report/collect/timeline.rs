//! Events by time, in so many parts at most: where the time grows longer, the parts do.
use std::collections::BTreeMap;

use crate::model::SignalKind;

/// Most parts.
const PARTS: usize = 120;
/// Length of a part at first, nanoseconds.
const FIRST_NS: u64 = 250_000_000;

/// Events by time.
#[derive(Debug)]
pub(super) struct Timeline {
    first_ns: Option<u64>,
    step_ns: u64,
    parts: BTreeMap<u64, BTreeMap<SignalKind, u64>>,
}

impl Default for Timeline {
    fn default() -> Timeline {
        Timeline { first_ns: None, step_ns: FIRST_NS, parts: BTreeMap::new() }
    }
}

impl Timeline {
    /// From when it counts: what is earlier falls into its first part.
    pub(super) fn begin(&mut self, start_ns: u64) {
        self.first_ns.get_or_insert(start_ns);
    }

    /// Counts an event.
    pub(super) fn add(&mut self, time_ns: u64, signal: SignalKind) {
        let first_ns = *self.first_ns.get_or_insert(time_ns);
        let after = time_ns.saturating_sub(first_ns);
        while usize::try_from(after / self.step_ns).unwrap_or(usize::MAX) >= PARTS {
            self.widen();
        }
        *self.parts.entry(after / self.step_ns).or_default().entry(signal).or_default() += 1;
    }

    fn widen(&mut self) {
        self.step_ns = self.step_ns.saturating_mul(2);
        for (part, counts) in std::mem::take(&mut self.parts) {
            let wider = self.parts.entry(part / 2).or_default();
            counts.into_iter().for_each(|(signal, n)| *wider.entry(signal).or_default() += n);
        }
    }

    /// As the report has it, up to `end_ns`.
    pub(super) fn told(&self, end_ns: u64) -> super::super::incident::Timeline {
        let span = end_ns.saturating_sub(self.first_ns.unwrap_or(end_ns));
        let mut step_ns = self.step_ns;
        while usize::try_from(span / step_ns).unwrap_or(usize::MAX) >= PARTS {
            step_ns = step_ns.saturating_mul(2);
        }
        let merge = step_ns / self.step_ns;
        let parts = usize::try_from(span / step_ns).unwrap_or(0) + 1;
        let mut series: BTreeMap<SignalKind, Vec<u64>> = BTreeMap::new();
        for (part, counts) in &self.parts {
            let at = usize::try_from(part / merge).unwrap_or(usize::MAX);
            for (signal, count) in counts {
                let steps = series.entry(*signal).or_insert_with(|| vec![0; parts]);
                if let Some(step) = steps.get_mut(at.min(parts - 1)) {
                    *step += count;
                }
            }
        }
        super::super::incident::Timeline { step_ms: step_ns / 1_000_000, series }
    }
}
