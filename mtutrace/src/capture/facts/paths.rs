//! From one address to another: which sizes were seen, and which got through.

use std::net::IpAddr;

use super::table::{Table, Worth};
use crate::capture::packet::{Packet, Place};

const PATHS: usize = 4096;

/// One direction between two addresses. Sizes are bytes from the IP header on.
#[derive(Debug, Default)]
pub(in crate::capture) struct Path {
    /// Where its packets came first.
    place: Option<Place>,
    pub(in crate::capture) packets: u64,
    pub(in crate::capture) last_ns: u64,
    /// The largest packet that is one on the wire.
    pub(in crate::capture) largest: u32,
    /// The largest TCP packet that the other end acknowledged.
    pub(in crate::capture) acknowledged: Option<u32>,
    pub(in crate::capture) datagrams: u64,
    pub(in crate::capture) largest_datagram: u32,
    pub(in crate::capture) largest_datagram_df: u32,
}

#[derive(Debug)]
pub(in crate::capture) struct Paths(Table<(IpAddr, IpAddr), Path>);

impl Default for Paths {
    fn default() -> Self {
        Self(Table::new(PATHS))
    }
}

impl Paths {
    pub(in crate::capture) fn get(&self, src: IpAddr, dst: IpAddr) -> Option<&Path> {
        self.0.get(&(src, dst))
    }

    pub(in crate::capture) fn iter(&self) -> impl Iterator<Item = (&(IpAddr, IpAddr), &Path)> {
        self.0.iter()
    }

    pub(in crate::capture) fn left_out(&self) -> u64 {
        self.0.left_out
    }

    /// A segment that its connection has counted.
    pub(super) fn segment(&mut self, packet: &Packet, single: bool) {
        let path = self.entry(packet.src, packet.dst);
        path.packets += 1;
        path.last_ns = path.last_ns.max(packet.time_ns);
        if single {
            path.largest = path.largest.max(packet.length);
        }
    }

    pub(super) fn acknowledged(&mut self, src: IpAddr, dst: IpAddr, length: u32) {
        let path = self.entry(src, dst);
        path.acknowledged = path.acknowledged.max(Some(length));
    }

    /// A UDP packet; whether it was seen here first.
    pub(super) fn datagram(&mut self, packet: &Packet) -> bool {
        let path = self.entry(packet.src, packet.dst);
        if *path.place.get_or_insert(packet.place) != packet.place {
            return false;
        }
        path.packets += 1;
        path.last_ns = path.last_ns.max(packet.time_ns);
        path.datagrams += 1;
        path.largest = path.largest.max(packet.length);
        path.largest_datagram = path.largest_datagram.max(packet.length);
        if packet.df {
            path.largest_datagram_df = path.largest_datagram_df.max(packet.length);
        }
        true
    }

    fn entry(&mut self, src: IpAddr, dst: IpAddr) -> &mut Path {
        self.0.or_default((src, dst))
    }
}

impl Worth for Path {
    fn worth(&self) -> (u64, u64) {
        (u64::from(self.acknowledged.unwrap_or(0)), self.last_ns)
    }
}
