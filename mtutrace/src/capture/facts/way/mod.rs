//! One way of a connection: what was sent, how large it was, and what of it was acknowledged.

mod acknowledged;
mod judged;
mod sent;
mod sighted;

use std::collections::VecDeque;

pub(super) use acknowledged::Acknowledgement;
pub(in crate::capture) use judged::Stall;
pub(in crate::capture) use sighted::SeenAt;
use sighted::Sighting;

use super::flight::Flight;
use crate::capture::packet::Place;

/// A range of sequence numbers that did not come by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Missing {
    from: u32,
    to: u32,
    since_ns: u64,
}

/// Sizes are bytes from the IP header on (L3) unless they are called data.
#[derive(Debug, Default)]
pub(in crate::capture) struct Way {
    /// Where its packets came first: this place alone counts.
    pub(in crate::capture) place: Option<Place>,
    /// Each place with its largest packet and its SYN's MSS.
    pub(in crate::capture) seen_at: Vec<SeenAt>,
    /// Sequence number of the SYN.
    pub(super) initial: Option<u32>,
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
    next: Option<u32>,
    acked: Option<u32>,
    /// What the other side has room for, unscaled.
    window: Option<u16>,
    last_ack_ns: u64,
    flights: VecDeque<Flight>,
    missing: Vec<Missing>,
    recent: VecDeque<Sighting>,
}

impl Way {
    /// Signs that something is wrong: what is kept when tables are full.
    pub(in crate::capture) fn trouble(&self) -> u64 {
        self.retransmissions + self.sacks + self.missing.len() as u64
    }
}
