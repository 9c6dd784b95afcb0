//! A hole in the data that a container received, and which stays.
use std::net::IpAddr;

use crate::model::SocketId;

/// A hole that stays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PersistentHole {
    /// The container's socket.
    pub socket: SocketId,
    /// Bytes that are missing.
    pub hole: u32,
    /// L3 bytes of the largest segment that is known to have come.
    pub passes: u32,
    /// L3 bytes of a full-size segment.
    pub full: u32,
    /// When it was first seen, CLOCK_MONOTONIC nanoseconds.
    pub first_ns: u64,
    /// When it was last seen.
    pub last_ns: u64,
    /// Segments that came meanwhile.
    pub came: u32,
}

impl PersistentHole {
    /// Who sends what does not come.
    pub fn remote(&self) -> IpAddr {
        self.socket.flow.dst.ip()
    }
}
