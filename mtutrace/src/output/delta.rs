//! What counters have grown by since the report before.
use std::collections::{BTreeMap, HashMap};

use crate::model::{NetnsId, SignalKind, Tally};

/// Counters by signal.
type Counters = BTreeMap<SignalKind, u64>;

/// The counters of the last report, by namespace.
#[derive(Debug, Default)]
pub(crate) struct Deltas {
    before: HashMap<NetnsId, Counters>,
    at_ns: Option<u64>,
}

impl Deltas {
    /// What each has grown by since the last call, those that did not left out, and how long ago that was, milliseconds; none
    /// at the first call.
    pub(crate) fn take(
        &mut self,
        tallies: &[(NetnsId, Tally)],
        now_ns: u64,
    ) -> (HashMap<NetnsId, Counters>, Option<u64>) {
        let mut grown = HashMap::new();
        let mut known = HashMap::with_capacity(tallies.len());
        for (netns, tally) in tallies {
            let before = self.before.get(netns);
            let step = |(signal, now): (&SignalKind, &u64)| {
                // Another namespace may have got the number.
                let then = before.and_then(|b| b.get(signal)).filter(|then| *then <= now).unwrap_or(&0);
                (now > then).then_some((*signal, now - then))
            };
            grown.insert(*netns, tally.counters.iter().filter_map(step).collect());
            known.insert(*netns, tally.counters.clone());
        }
        // Whoever is in no report any more is forgotten.
        self.before = known;
        let since = self.at_ns.replace(now_ns).map(|then| now_ns.saturating_sub(then) / 1_000_000);
        (grown, since)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(drops: u64) -> [(NetnsId, Tally); 1] {
        let counters = [(SignalKind::Drop, drops), (SignalKind::Oversized, 1)].into();
        [(NetnsId(7), Tally { counters, ..Tally::default() })]
    }

    #[test]
    fn each_report_tells_what_is_new() {
        let mut deltas = Deltas::default();
        let mut take = |drops, ms: u64| {
            let (grown, since) = deltas.take(&report(drops), ms * 1_000_000);
            (grown[&NetnsId(7)].clone().into_iter().collect::<Vec<_>>(), since)
        };
        let (drop, oversized) = (SignalKind::Drop, SignalKind::Oversized);
        let (mut first, since) = take(3, 1000);
        first.sort();
        let mut all = vec![(drop, 3), (oversized, 1)];
        all.sort();
        assert_eq!((first, since), (all, None));
        assert_eq!(take(5, 2500), (vec![(drop, 2)], Some(1500)));
        assert_eq!(take(5, 3500), (vec![], Some(1000)));
        assert_eq!(take(2, 4500), (vec![(drop, 2)], Some(1000)), "another one's");
    }
}
