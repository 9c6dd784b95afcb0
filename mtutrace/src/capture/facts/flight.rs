//! A segment that was sent and is not acknowledged yet.

use super::sequence::ahead;

/// Times of sending that are kept of one segment.
const TIMES: usize = 16;

#[derive(Debug, Clone)]
pub(super) struct Flight {
    pub(super) seq: u32,
    pub(super) end: u32,
    /// Bytes from the IP header on.
    pub(super) length: u32,
    /// One packet on the wire: not a super-packet of segmentation offload. Nothing where it cannot be told.
    pub(super) single: Option<bool>,
    pub(super) sends: u32,
    pub(super) times_ns: Vec<u64>,
    pub(super) last_ns: u64,
    /// It was sent in more than one size, so nobody knows which one arrived.
    pub(super) mixed: bool,
    pub(super) sacked: bool,
    pub(super) damaged: bool,
}

impl Flight {
    pub(super) fn new(seq: u32, end: u32, length: u32, single: Option<bool>, time_ns: u64) -> Self {
        Self {
            seq,
            end,
            length,
            single,
            sends: 1,
            times_ns: vec![time_ns],
            last_ns: time_ns,
            mixed: false,
            sacked: false,
            damaged: false,
        }
    }

    pub(super) fn again(&mut self, time_ns: u64) {
        self.sends = self.sends.saturating_add(1);
        self.last_ns = time_ns;
        if self.times_ns.len() < TIMES {
            self.times_ns.push(time_ns);
        }
    }

    pub(super) fn first_ns(&self) -> u64 {
        self.times_ns.first().copied().unwrap_or(self.last_ns)
    }

    pub(super) fn has(&self, seq: u32) -> bool {
        ahead(seq, self.seq) >= 0 && ahead(seq, self.end) < 0
    }

    /// It proves something about its size: one packet, in one size.
    pub(super) fn proves(&self) -> bool {
        self.single == Some(true) && !self.mixed
    }
}
