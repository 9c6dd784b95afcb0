//! One packet is seen at several devices, or twice at one (`tcpdump -i any`, mirror ports): it counts once.

use super::state::{SeenAt, Sighting, Way};
use crate::capture::packet::{Packet, Tcp};

const PLACES: usize = 8;
/// Sightings that a packet is compared with.
const RECENT: usize = 16;
/// A packet is at all devices of a machine within this.
const COPY_NS: u64 = 50_000_000;
/// The same where nothing in its header tells it from its retransmission.
const NAMELESS_NS: u64 = 1_000_000;

impl Way {
    /// Whether the packet counts: it is where its way is watched, and no copy.
    pub(in crate::capture::facts) fn sight(&mut self, packet: &Packet, tcp: &Tcp) -> bool {
        let known = self.seen_at.iter().any(|seen| seen.place == packet.place);
        if !known && self.seen_at.len() < PLACES {
            let seen = SeenAt { place: packet.place, packets: 0, largest: 0, mss: None };
            self.seen_at.push(seen);
        }
        if let Some(seen) = self.seen_at.iter_mut().find(|seen| seen.place == packet.place) {
            seen.packets += 1;
            seen.largest = seen.largest.max(packet.length);
            seen.mss = seen.mss.or(tcp.mss);
        }
        if *self.place.get_or_insert(packet.place) != packet.place {
            return false;
        }
        let mut now = Sighting { id: packet.id, tcp: *tcp, time_ns: packet.time_ns };
        // Offload leaves checksums for later, and clamping changes the MSS: both between two sightings.
        (now.tcp.checksum, now.tcp.mss) = (None, None);
        let limit = if packet.id != 0 || tcp.timestamp.is_some() { COPY_NS } else { NAMELESS_NS };
        let copy = self.recent.iter().any(|before| {
            (before.id, before.tcp) == (now.id, now.tcp) && packet.time_ns.abs_diff(before.time_ns) < limit
        });
        if !copy {
            self.recent.truncate(RECENT - 1);
            self.recent.push_front(now);
        }
        !copy
    }
}
