//! What is kept of one way.

use std::collections::VecDeque;

use crate::capture::facts::flight::Flight;
use crate::capture::packet::{Place, Tcp};

/// A place where packets of a way came by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::capture) struct SeenAt {
    pub(in crate::capture) place: Place,
    pub(in crate::capture) packets: u64,
    /// Bytes from the IP header on.
    pub(in crate::capture) largest: u32,
    /// Of the SYN.
    pub(in crate::capture) mss: Option<u16>,
}

/// What a packet has at each device.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sighting {
    pub(super) id: u16,
    pub(super) tcp: Tcp,
    pub(super) time_ns: u64,
}

/// A range of sequence numbers that did not come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Missing {
    pub(super) from: u32,
    pub(super) to: u32,
    pub(super) since_ns: u64,
}

/// Sizes are bytes from the IP header on (L3) unless they are called data.
#[derive(Debug, Default)]
pub(in crate::capture) struct Way {
    /// Where its packets came first: this place alone counts.
    pub(in crate::capture) place: Option<Place>,
    /// Each place with its largest packet and its SYN's MSS.
    pub(in crate::capture) seen_at: Vec<SeenAt>,
    /// Sequence number of the SYN.
    pub(in crate::capture::facts) initial: Option<u32>,
    /// What the SYN of this way advertised: the most data that the other side may put into a segment.
    pub(in crate::capture) mss: Option<u16>,
    pub(in crate::capture) packets: u64,
    /// Bytes of data, each sending of them.
    pub(in crate::capture) data: u64,
    /// Of packets that are one packet on the wire, and of all.
    pub(in crate::capture) largest_single: u32,
    pub(in crate::capture) largest: u32,
    /// Packets that the device, or the receiver, has as one and the wire as many.
    pub(in crate::capture) super_packets: u64,
    /// Packets with data, by DF.
    pub(in crate::capture) df: u64,
    pub(in crate::capture) without_df: u64,
    pub(in crate::capture) retransmissions: u64,
    /// Acknowledgements of the other side that said nothing new.
    pub(in crate::capture) duplicate_acks: u64,
    /// Ranges that the other side said were missing.
    pub(in crate::capture) sacks: u64,
    /// The largest single packet that was acknowledged.
    pub(in crate::capture) acknowledged: u32,
    /// The same data was tried in a smaller size: from, to, and whether that was acknowledged.
    pub(in crate::capture) smaller: Option<(u32, u32, bool)>,
    /// Packets with data whose checksum was right, and wrong; the smallest of the latter.
    pub(in crate::capture) right: u64,
    pub(in crate::capture) wrong: u64,
    pub(in crate::capture) smallest_wrong: Option<u32>,
    /// Data was acknowledged that the capture does not have.
    pub(in crate::capture) unseen: bool,
    pub(in crate::capture) finished: bool,
    pub(super) next: Option<u32>,
    pub(super) acked: Option<u32>,
    /// What the other side has room for, unscaled.
    pub(super) window: Option<u16>,
    pub(super) flights: VecDeque<Flight>,
    pub(super) missing: Vec<Missing>,
    pub(super) recent: VecDeque<Sighting>,
}

impl Way {
    /// Signs that something is wrong: what is kept when tables are full.
    pub(in crate::capture) fn trouble(&self) -> u64 {
        self.retransmissions + self.sacks + self.missing.len() as u64
    }
}
