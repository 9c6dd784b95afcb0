//! Packets become figures: of connections, of paths from one address to another, of what routers said.

mod connection;
mod flight;
mod fragments;
mod paths;
mod sequence;
mod table;
mod too_big;
mod way;

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;

pub(super) use connection::Connection;
use connection::Ends;
pub(super) use fragments::{Cut, Fragments};
pub(super) use paths::{Path, Paths};
use table::Table;
pub(super) use too_big::{Told, TooBigs};
pub(super) use way::{Stall, Way};

use super::packet::{self, Inside, Packet, Place, Tcp, Unread};
use super::read::Frame;

/// Connections at a time, and of those that ended with trouble.
const CONNECTIONS: usize = 2048;
const ENDED: usize = 256;
/// Sequence numbers of SYNs, by which NAT is seen through.
const SYNS: usize = 4096;
const PLACES: usize = 256;
/// One SYN passes a machine's devices within this.
const NAT_NS: u64 = 1_000_000_000;

/// Everything that is kept of a capture.
#[derive(Debug)]
pub(super) struct Facts {
    pub(super) packets: u64,
    /// Bytes as they were on the wire.
    pub(super) bytes: u64,
    /// Packets of which not all bytes were kept.
    pub(super) snapped: u64,
    pub(super) first_ns: Option<u64>,
    pub(super) last_ns: u64,
    pub(super) unread: BTreeMap<Unread, u64>,
    pub(super) places: BTreeMap<Place, u64>,
    pub(super) paths: Paths,
    pub(super) told: TooBigs,
    pub(super) fragments: Fragments,
    /// Those that ended, and with [`Facts::finish`] all of them.
    pub(super) ended: Vec<Connection>,
    pub(super) connections_left_out: u64,
    connections: Table<Ends, Connection>,
    syns: HashMap<u32, (u64, Ends)>,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            packets: 0,
            bytes: 0,
            snapped: 0,
            first_ns: None,
            last_ns: 0,
            unread: BTreeMap::new(),
            places: BTreeMap::new(),
            paths: Paths::default(),
            told: TooBigs::default(),
            fragments: Fragments::default(),
            ended: Vec::new(),
            connections_left_out: 0,
            connections: Table::new(CONNECTIONS),
            syns: HashMap::new(),
        }
    }
}

impl Facts {
    /// Takes the next frame of the file.
    pub(super) fn frame(&mut self, frame: Frame<'_>) {
        self.packets += 1;
        self.bytes += u64::from(frame.length);
        self.snapped += u64::from((frame.bytes.len() as u64) < u64::from(frame.length));
        self.first_ns = Some(self.first_ns.unwrap_or(frame.time_ns).min(frame.time_ns));
        self.last_ns = self.last_ns.max(frame.time_ns);
        if let Err(why) = packet::parse(frame, |packet| self.packet(packet)) {
            *self.unread.entry(why).or_default() += 1;
        }
    }

    /// Takes what is left of the connections.
    pub(super) fn finish(mut self) -> Self {
        self.fragments.finish();
        self.connections_left_out += self.connections.left_out;
        let rest = std::mem::replace(&mut self.connections, Table::new(CONNECTIONS));
        self.ended.extend(rest.into_values());
        self
    }

    fn packet(&mut self, packet: &Packet) {
        if self.places.len() < PLACES || self.places.contains_key(&packet.place) {
            *self.places.entry(packet.place).or_default() += 1;
        }
        if packet.fragment.is_some() {
            self.fragments.piece(packet);
        }
        match packet.inside {
            Inside::Tcp(tcp) => self.segment(packet, &tcp),
            Inside::Udp(..) => {
                if self.paths.datagram(packet) {
                    self.told.sent(packet, true);
                }
            }
            Inside::TooBig(too_big) => self.told.told(packet, too_big),
            Inside::ReassemblyTimedOut(Some(quoted)) => self.fragments.timed_out(packet, quoted),
            Inside::Cut => *self.unread.entry(Unread::Cut).or_default() += 1,
            Inside::ReassemblyTimedOut(None) | Inside::Other => {}
        }
    }

    fn segment(&mut self, packet: &Packet, tcp: &Tcp) {
        let (src, dst) = (SocketAddr::new(packet.src, tcp.src), SocketAddr::new(packet.dst, tcp.dst));
        let ends = (src.min(dst), src.max(dst));
        if self.connections.get(&ends).is_some_and(|old| old.is_over(src, tcp)) {
            self.end(ends);
        }
        if !self.connections.contains(&ends) {
            let client = if tcp.syn && tcp.ack.is_some() { dst } else { src };
            let server = if client == src { dst } else { src };
            let mut connection = Connection::new(client, server, packet.time_ns);
            if tcp.syn && tcp.ack.is_none() {
                connection.also = self.same_under_another_name(packet, tcp, ends);
            }
            self.connections.insert(ends, connection);
        }
        let Some(connection) = self.connections.get_mut(&ends) else { return };
        let Some(taken) = connection.take(packet, tcp, src) else { return };
        self.told.sent(packet, taken.single);
        self.paths.segment(packet, taken.single);
        if let Some(length) = taken.acknowledged {
            self.paths.acknowledged(packet.dst, packet.src, length);
        }
    }

    fn end(&mut self, ends: Ends) {
        let Some(old) = self.connections.remove(&ends) else { return };
        if old.trouble() > 0 && self.ended.len() < ENDED {
            self.ended.push(old);
        } else {
            self.connections_left_out += u64::from(old.trouble() > 0);
        }
    }

    /// NAT changes addresses, not the initial sequence number.
    fn same_under_another_name(&mut self, packet: &Packet, tcp: &Tcp, ends: Ends) -> Option<Ends> {
        if self.syns.len() >= SYNS {
            self.syns.retain(|_, (time_ns, _)| packet.time_ns.saturating_sub(*time_ns) < NAT_NS);
        }
        let known = self.syns.get(&tcp.seq).copied();
        let known = known
            .filter(|(time_ns, other)| *other != ends && packet.time_ns.saturating_sub(*time_ns) < NAT_NS);
        if known.is_none() && self.syns.len() < SYNS {
            self.syns.insert(tcp.seq, (packet.time_ns, ends));
        }
        known.map(|(_, other)| other)
    }
}
