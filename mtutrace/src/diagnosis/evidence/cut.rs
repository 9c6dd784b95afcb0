//! Datagrams that were fragmented.
use crate::model::Event;

/// Datagrams that were fragmented.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cut {
    /// How many.
    pub(crate) count: u64,
    /// When the first, CLOCK_MONOTONIC nanoseconds.
    pub(crate) first_ns: u64,
    /// When the last.
    pub(crate) last_ns: u64,
    /// L3 bytes of the largest.
    pub(crate) largest: u32,
    /// The smallest MTU that they were fragmented for, L3 bytes.
    pub(crate) mtu: u32,
}

impl Cut {
    /// Adds one.
    pub(crate) fn add(&mut self, event: &Event, mtu: u32) {
        self.first_ns = if self.count == 0 { event.time_ns } else { self.first_ns.min(event.time_ns) };
        self.last_ns = self.last_ns.max(event.time_ns);
        self.mtu = if self.count == 0 { mtu } else { self.mtu.min(mtu) };
        self.count += 1;
        self.largest = self.largest.max(event.length);
    }

    /// Nanoseconds from the first to the last.
    pub(crate) fn span_ns(&self) -> u64 {
        self.last_ns.saturating_sub(self.first_ns)
    }
}
