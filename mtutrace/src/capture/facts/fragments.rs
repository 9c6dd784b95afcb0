//! Datagrams in pieces: how large the first one was, and whether all came by.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::capture::packet::{Packet, Place, Quoted};

const OPEN: usize = 2048;
const PATHS: usize = 1024;
/// Pieces of one datagram that are told apart.
const PIECES: usize = 64;
/// Identifications come again; the kernel waits this long for a piece (`ipfrag_time`).
const AGE_NS: u64 = 30_000_000_000;

/// Datagrams that came in pieces from one address to another. Sizes are bytes from the IP header on.
#[derive(Debug, Clone, Default)]
pub(in crate::capture) struct Cut {
    place: Option<Place>,
    pub(in crate::capture) datagrams: u64,
    pub(in crate::capture) complete: u64,
    /// Of those of which a piece is missing: those with the first piece alone, as a filter by port captures them.
    pub(in crate::capture) first_alone: u64,
    pub(in crate::capture) incomplete: u64,
    /// Of first pieces.
    pub(in crate::capture) smallest_first: Option<u32>,
    pub(in crate::capture) largest_first: u32,
    /// The largest whole datagram, with one IP header.
    pub(in crate::capture) largest: u32,
    /// Messages of the receiver that pieces did not come in time.
    pub(in crate::capture) timed_out: u64,
    timed_out_at: Option<Place>,
}

#[derive(Debug, Clone)]
struct Open {
    pieces: Vec<(u32, u32)>,
    total: Option<u32>,
    last_ns: u64,
}

/// By source and destination.
#[derive(Debug, Default)]
pub(in crate::capture) struct Fragments {
    cut: HashMap<(IpAddr, IpAddr), Cut>,
    open: HashMap<(IpAddr, IpAddr, u32, u8), Open>,
    /// Pieces that found no room.
    pub(in crate::capture) left_out: u64,
}

impl Fragments {
    pub(in crate::capture) fn iter(&self) -> impl Iterator<Item = (&(IpAddr, IpAddr), &Cut)> {
        self.cut.iter()
    }

    pub(super) fn piece(&mut self, packet: &Packet) {
        let Some(fragment) = packet.fragment else { return };
        let path = (packet.src, packet.dst);
        if !self.cut.contains_key(&path) && self.cut.len() >= PATHS {
            self.left_out += 1;
            return;
        }
        let cut = self.cut.entry(path).or_default();
        if *cut.place.get_or_insert(packet.place) != packet.place {
            return;
        }
        if fragment.offset == 0 {
            let smallest = cut.smallest_first.unwrap_or(u32::MAX);
            cut.smallest_first = Some(smallest.min(packet.length));
            cut.largest_first = cut.largest_first.max(packet.length);
        }
        let end = fragment.offset.saturating_add(fragment.bytes);
        if !fragment.more {
            cut.largest = cut.largest.max(end.saturating_add(packet.length.saturating_sub(fragment.bytes)));
        }
        self.make_room(packet.time_ns);
        let key = (packet.src, packet.dst, fragment.id, packet.protocol);
        let old = self.open.get(&key).is_some_and(|open| {
            packet.time_ns.saturating_sub(open.last_ns) > AGE_NS
                || (fragment.offset == 0 && is_complete(open))
        });
        if old {
            self.close(key);
        }
        let new = Open { pieces: Vec::new(), total: None, last_ns: packet.time_ns };
        let open = self.open.entry(key).or_insert(new);
        open.last_ns = packet.time_ns;
        if !fragment.more {
            open.total = Some(end);
        }
        let piece = (fragment.offset, end);
        if !open.pieces.contains(&piece) && open.pieces.len() < PIECES {
            open.pieces.push(piece);
        }
    }

    /// The receiver gave up on a datagram.
    pub(super) fn timed_out(&mut self, packet: &Packet, quoted: Quoted) {
        let path = (quoted.src, quoted.dst);
        if !self.cut.contains_key(&path) && self.cut.len() >= PATHS {
            self.left_out += 1;
            return;
        }
        let cut = self.cut.entry(path).or_default();
        if *cut.timed_out_at.get_or_insert(packet.place) == packet.place {
            cut.timed_out += 1;
        }
    }

    /// Counts what is still open.
    pub(super) fn finish(&mut self) {
        for key in self.open.keys().copied().collect::<Vec<_>>() {
            self.close(key);
        }
    }

    fn make_room(&mut self, now_ns: u64) {
        if self.open.len() < OPEN {
            return;
        }
        let mut all = self.open.iter().map(|(key, open)| (open.last_ns, *key)).collect::<Vec<_>>();
        all.sort_unstable_by_key(|(last_ns, _)| *last_ns);
        for (last_ns, key) in all.into_iter().take(OPEN / 4) {
            // Too young to be judged: its other pieces may be to come.
            let judged =
                now_ns.saturating_sub(last_ns) > AGE_NS || self.open.get(&key).is_some_and(is_complete);
            if judged {
                self.close(key);
            } else {
                self.left_out += 1;
                self.open.remove(&key);
            }
        }
    }

    fn close(&mut self, key: (IpAddr, IpAddr, u32, u8)) {
        let Some(open) = self.open.remove(&key) else { return };
        let Some(cut) = self.cut.get_mut(&(key.0, key.1)) else { return };
        cut.datagrams += 1;
        if is_complete(&open) {
            cut.complete += 1;
        } else {
            cut.incomplete += 1;
            cut.first_alone += u64::from(matches!(open.pieces.as_slice(), [(0, _)]));
        }
    }
}

fn is_complete(open: &Open) -> bool {
    let Some(total) = open.total else { return false };
    let mut pieces = open.pieces.clone();
    pieces.sort_unstable();
    let reached = pieces
        .iter()
        .fold(0, |reached, (from, to)| if *from <= reached { reached.max(*to) } else { reached });
    reached >= total
}
