//! A hole in the data that a container received, and which stays.
use std::net::IpAddr;

use crate::model::SocketId;

/// A hole that stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PersistentHole {
    /// The container's socket.
    pub(crate) socket: SocketId,
    /// Bytes that are missing.
    pub(crate) hole: u32,
    /// L3 bytes of the largest segment that is known to have come.
    pub(crate) passes: u32,
    /// L3 bytes of a segment that never came: a full-size one, or the one that is missing.
    pub(crate) full: u32,
    /// When it was first seen, CLOCK_MONOTONIC nanoseconds.
    pub(crate) first_ns: u64,
    /// When it was last seen.
    pub(crate) last_ns: u64,
    /// Segments that came meanwhile.
    pub(crate) came: u32,
}

impl PersistentHole {
    /// Who sends what does not come.
    pub(crate) fn remote(&self) -> IpAddr {
        self.socket.flow.dst.ip()
    }
}
