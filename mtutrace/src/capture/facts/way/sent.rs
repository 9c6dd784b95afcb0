//! What is sent: new data, the same again, or less of it.

use super::state::{Missing, Way};
use crate::capture::facts::flight::Flight;
use crate::capture::facts::sequence::ahead;
use crate::capture::packet::{Packet, Tcp};

/// Segments under way that are remembered; the first ones matter.
const FLIGHTS: usize = 64;
const MISSING: usize = 8;
/// Without a SYN to compare with: what any network carries as one packet, and what none does.
const SURELY_SINGLE: u32 = 1500;
const SURELY_SUPER: u32 = 9216;

impl Way {
    /// Whether a packet is one on the wire; `mss` is what the receiver's SYN said.
    pub(in crate::capture::facts) fn single(
        &self,
        packet: &Packet,
        tcp: &Tcp,
        mss: Option<u16>,
    ) -> Option<bool> {
        match (mss, packet.length) {
            // The MSS does not count options (RFC 6691).
            (Some(mss), _) => Some(tcp.data + tcp.options <= u32::from(mss)),
            (None, length) if length <= SURELY_SINGLE => Some(true),
            (None, length) if length > SURELY_SUPER => Some(false),
            (None, _) => None,
        }
    }

    pub(in crate::capture::facts) fn send(&mut self, packet: &Packet, tcp: &Tcp, single: Option<bool>) {
        self.packets += 1;
        self.largest = self.largest.max(packet.length);
        self.finished |= tcp.fin;
        if tcp.syn {
            self.initial = Some(tcp.seq);
            self.mss = tcp.mss.or(self.mss);
        }
        if single == Some(true) {
            self.largest_single = self.largest_single.max(packet.length);
        }
        if tcp.data > 0 {
            self.data += u64::from(tcp.data);
            self.super_packets += u64::from(single == Some(false));
            *(if packet.df { &mut self.df } else { &mut self.without_df }) += 1;
        }
        // SYN and FIN take a number each.
        let taken = tcp.data + u32::from(tcp.syn) + u32::from(tcp.fin);
        if taken == 0 || tcp.rst {
            return;
        }
        // A super-packet's checksum is left for later, on either side.
        match tcp.checksum.filter(|_| single == Some(true)) {
            Some(true) => self.right += 1,
            Some(false) => {
                self.wrong += 1;
                let smallest = self.smallest_wrong.unwrap_or(u32::MAX);
                self.smallest_wrong = Some(smallest.min(packet.length));
            }
            None => {}
        }
        let (seq, end) = (tcp.seq, tcp.seq.wrapping_add(taken));
        let flight = Flight::new(seq, end, packet.length, single, packet.time_ns);
        let next = *self.next.get_or_insert(seq);
        if self.acked.is_some_and(|acked| ahead(seq, acked) < 0) {
            // A probe of an idle connection, or what was acknowledged already.
            let keep_alive = tcp.data <= 1 && self.acked.is_some_and(|acked| ahead(end, acked) <= 0);
            self.retransmissions += u64::from(!keep_alive);
        } else if ahead(seq, next) >= 0 {
            if ahead(seq, next) > 0 && self.missing.len() < MISSING {
                self.missing.push(Missing { from: next, to: seq, since_ns: packet.time_ns });
            }
            self.remember(flight);
        } else if !self.fill(seq, end) {
            self.retransmissions += 1;
            self.again(flight, tcp.checksum == Some(false));
        } else {
            self.remember(flight);
        }
        if ahead(end, next) > 0 {
            self.next = Some(end);
        }
    }

    fn remember(&mut self, flight: Flight) {
        if self.flights.len() < FLIGHTS {
            let at = self.flights.partition_point(|other| ahead(other.seq, flight.seq) <= 0);
            self.flights.insert(at, flight);
        }
    }

    /// Whether this is the first time that these numbers come by: it fills what was missing.
    fn fill(&mut self, seq: u32, end: u32) -> bool {
        let Some(at) = self
            .missing
            .iter()
            .position(|missing| ahead(seq, missing.to) < 0 && ahead(end, missing.from) > 0)
        else {
            return false;
        };
        let missing = self.missing.swap_remove(at);
        let rest = [(missing.from, seq), (end, missing.to)];
        for (from, to) in rest.into_iter().filter(|(from, to)| ahead(*to, *from) > 0) {
            if self.missing.len() < MISSING {
                self.missing.push(Missing { from, to, ..missing });
            }
        }
        true
    }

    /// A retransmission: of the same segment, or of a piece of what was sent as one.
    fn again(&mut self, sent: Flight, damaged: bool) {
        let time_ns = sent.last_ns;
        let Some(at) = self.flights.iter().position(|flight| flight.has(sent.seq)) else {
            self.remember(Flight { sends: 2, ..sent });
            return;
        };
        let Some(old) = self.flights.get_mut(at) else { return };
        let piece = old.seq != sent.seq || ahead(sent.end, old.end) < 0;
        if !piece {
            // In one size as before, or with more behind it.
            old.again(time_ns);
            old.damaged |= damaged;
            old.mixed |= old.end != sent.end && old.single == Some(true);
            return;
        }
        let mut sent = Flight { damaged, ..sent };
        if old.single == Some(true) {
            // Sent whole before, and now in less: each size is to be told apart.
            if old.sends >= 2 && old.seq == sent.seq && sent.length < old.length {
                self.smaller = Some((old.length, sent.length, false));
            }
            sent.mixed = true;
        } else {
            // A super-packet went as segments of this size.
            sent.sends = old.sends.saturating_add(1);
            sent.times_ns = vec![old.first_ns(), time_ns];
        }
        let (before, behind) = ((old.seq, sent.seq), (sent.end, old.end));
        let mut rest = old.clone();
        rest.mixed |= old.single == Some(true);
        self.flights.remove(at);
        for (seq, end) in [before, behind] {
            if ahead(end, seq) > 0 {
                self.remember(Flight { seq, end, ..rest.clone() });
            }
        }
        self.remember(sent);
    }
}
