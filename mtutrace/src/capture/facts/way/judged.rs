//! What a way came to in the end: nothing gets through any more, or something never came.

use super::state::Way;
use crate::capture::facts::sequence::ahead;

/// Times that one segment is sent before it counts as one that does not get through.
const SENDS: u32 = 4;

/// A segment that was sent again and again, and never acknowledged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::capture) struct Stall {
    /// Bytes of data, and from the IP header on.
    pub(in crate::capture) data: u32,
    pub(in crate::capture) length: u32,
    pub(in crate::capture) sends: u32,
    /// When it was sent, nanoseconds since 1970; the first ones.
    pub(in crate::capture) times_ns: Vec<u64>,
    pub(in crate::capture) last_ns: u64,
    /// The largest single packet behind it that the other side said it got.
    pub(in crate::capture) sacked: Option<u32>,
    /// Its checksum was wrong each time, and that of other packets right.
    pub(in crate::capture) damaged: bool,
    /// The other side had said that it has no room.
    pub(in crate::capture) window_closed: bool,
}

/// Data that never came by, although the other side asked for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::capture) struct Hole {
    pub(in crate::capture) bytes: u32,
    pub(in crate::capture) since_ns: u64,
}

impl Way {
    /// The first segment that is still under way, if it was sent in vain.
    pub(in crate::capture) fn stall(&self) -> Option<Stall> {
        let waiting = self.flights.iter().find(|flight| !flight.sacked && flight.sends >= SENDS)?;
        let behind = self.flights.iter().filter(|flight| flight.sacked && flight.proves());
        Some(Stall {
            data: waiting.end.wrapping_sub(waiting.seq),
            length: waiting.length,
            sends: waiting.sends,
            times_ns: waiting.times_ns.clone(),
            last_ns: waiting.last_ns,
            sacked: behind.map(|flight| flight.length).max(),
            damaged: waiting.damaged && self.right > 0,
            window_closed: self.window == Some(0),
        })
    }

    /// What the receiver still waits for, while later data came by.
    pub(in crate::capture) fn hole(&self) -> Option<Hole> {
        let acked = self.acked?;
        let missing = self.missing.iter().find(|missing| ahead(missing.from, acked) <= 0)?;
        (self.duplicate_acks > 0 || self.sacks > 0)
            .then_some(Hole { bytes: missing.to.wrapping_sub(missing.from), since_ns: missing.since_ns })
    }
}
