//! What the other side says that it got.

use super::state::Way;
use crate::capture::facts::sequence::ahead;
use crate::capture::packet::Sack;

/// The half of a segment that is about the other way.
#[derive(Debug, Clone, Copy)]
pub(in crate::capture::facts) struct Acknowledgement {
    pub(in crate::capture::facts) ack: u32,
    pub(in crate::capture::facts) sack: Sack,
    pub(in crate::capture::facts) window: u16,
    /// Nothing else is in the segment.
    pub(in crate::capture::facts) pure: bool,
}

impl Way {
    /// The largest single packet that this acknowledges for the first time.
    pub(in crate::capture::facts) fn acknowledge(&mut self, said: &Acknowledgement) -> Option<u32> {
        let before = self.acked.replace(said.ack);
        let window = self.window.replace(said.window);
        let next = self.next?;
        if ahead(said.ack, next) > 0 {
            self.unseen = true;
            self.next = Some(said.ack);
        }
        let progress = before.is_none_or(|before| ahead(said.ack, before) > 0);
        if !progress {
            // An old one that was overtaken changes nothing.
            self.acked = before;
            let idle = self.flights.is_empty() || !said.pure || window != Some(said.window);
            self.duplicate_acks += u64::from(!idle && before == Some(said.ack));
            return self.sacked(said);
        }
        self.missing.retain(|missing| ahead(missing.to, said.ack) > 0);
        let mut largest = self.sacked(said);
        while let Some(flight) = self.flights.front_mut().filter(|flight| ahead(said.ack, flight.seq) > 0) {
            if ahead(flight.end, said.ack) > 0 {
                // A part of a super-packet.
                flight.seq = said.ack;
                flight.mixed |= flight.single == Some(true);
                break;
            }
            if flight.proves() {
                largest = largest.max(Some(flight.length));
            }
            if let Some((_, _, acknowledged)) = self.smaller.as_mut() {
                *acknowledged = true;
            }
            self.flights.pop_front();
        }
        self.acknowledged = self.acknowledged.max(largest.unwrap_or(0));
        largest
    }

    /// Selective acknowledgements: what arrived behind a hole.
    fn sacked(&mut self, said: &Acknowledgement) -> Option<u32> {
        let mut largest = None;
        for (from, to) in said.sack.into_iter().flatten() {
            // Below the acknowledgement it tells of a duplicate (RFC 2883).
            if ahead(from, said.ack) < 0 {
                continue;
            }
            self.sacks += 1;
            let inside = self.flights.iter_mut().filter(|flight| !flight.sacked);
            for flight in inside.filter(|flight| ahead(flight.seq, from) >= 0 && ahead(flight.end, to) <= 0) {
                flight.sacked = true;
                if flight.proves() {
                    largest = largest.max(Some(flight.length));
                }
            }
        }
        self.acknowledged = self.acknowledged.max(largest.unwrap_or(0));
        largest
    }
}
