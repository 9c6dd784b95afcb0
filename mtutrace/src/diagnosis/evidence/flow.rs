//! What is known of one flow: which segments came again, too big each time.
use std::collections::BTreeMap;

use crate::model::{Event, SignalKind};

/// Most sequence numbers that are followed for one flow.
const SEGMENTS: usize = 16;
/// A segment that comes again so soon is the same packet at the next device.
const SAME_PACKET_NS: u64 = 5_000_000;

/// How often one segment came, too big each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Repeats {
    /// How often.
    pub(crate) count: u64,
    /// When first, CLOCK_MONOTONIC nanoseconds.
    pub(crate) first_ns: u64,
    /// When last.
    pub(crate) last_ns: u64,
    /// Its length at first, L3 bytes.
    pub(crate) length: u32,
}

/// One flow's part of it.
#[derive(Clone, Debug, Default)]
pub(crate) struct FlowEvidence {
    /// By hook and TCP sequence number: a packet is seen by several hooks, and each must count for itself.
    segments: BTreeMap<(SignalKind, u32), Repeats>,
}

impl FlowEvidence {
    /// The segment that came most often without getting smaller.
    pub(crate) fn worst(&self) -> Option<(u32, Repeats)> {
        self.segments
            .iter()
            .map(|((_, seq), r)| (*seq, *r))
            .max_by_key(|(_, r)| (r.count, r.last_ns - r.first_ns))
    }

    /// Keeps of the segments what [`FlowEvidence::worst`] tells.
    pub(super) fn settle(&mut self) {
        let worst = self.segments.iter().max_by_key(|(_, r)| (r.count, r.last_ns - r.first_ns));
        self.segments = worst.map(|(key, repeats)| (*key, *repeats)).into_iter().collect();
    }

    pub(super) fn segment(&mut self, signal: SignalKind, event: &Event) {
        let key = (signal, event.seq);
        if self.segments.len() >= SEGMENTS && !self.segments.contains_key(&key) {
            return;
        }
        let fresh =
            Repeats { count: 0, first_ns: event.time_ns, last_ns: event.time_ns, length: event.length };
        let repeats = self.segments.entry(key).or_insert(fresh);
        if event.length < repeats.length {
            // The sender was told something: count anew from here.
            *repeats = fresh;
        } else if repeats.count > 0 && event.time_ns.saturating_sub(repeats.last_ns) < SAME_PACKET_NS {
            return;
        }
        repeats.count += 1;
        repeats.last_ns = repeats.last_ns.max(event.time_ns);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::attribution::tests::{dropped, event, flow};
    use mtutrace_common::config::DropCause;

    #[test]
    fn what_is_settled_says_the_same() {
        let mut evidence = FlowEvidence::default();
        for n in 0..40u32 {
            let flow = flow("10.42.0.108:40000", "192.0.2.10:80");
            let drop = event(1, flow, dropped(DropCause::Forward));
            let drop = Event { seq: n % 7, time_ns: u64::from(n) * 10_000_000, ..drop };
            evidence.segment(SignalKind::Drop, &drop);
        }
        let worst = evidence.worst();
        assert!(worst.is_some_and(|(_, repeats)| repeats.count == 6) && evidence.segments.len() == 7);
        evidence.settle();
        assert_eq!((evidence.worst(), evidence.segments.len()), (worst, 1));
        evidence.settle();
        assert_eq!(evidence.worst(), worst);
    }
}
