//! Large packets that arrived with a wrong checksum.
use crate::model::{Event, Flow, NetnsId};

/// Large packets of one receiver that were thrown away for their checksum.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Damaged {
    /// How many.
    pub(crate) count: u64,
    /// The last one's flow, and the namespace that threw it away.
    pub(crate) last: Option<(Flow, NetnsId)>,
    /// L3 bytes of the largest.
    pub(crate) largest: u32,
    /// When the first, CLOCK_MONOTONIC nanoseconds.
    pub(crate) first_ns: u64,
}

impl Damaged {
    /// Adds one.
    pub(crate) fn add(&mut self, event: &Event) {
        if self.count == 0 {
            self.first_ns = event.time_ns;
        }
        self.count += 1;
        self.last = Some((event.flow, event.netns));
        self.largest = self.largest.max(event.length);
    }
}
