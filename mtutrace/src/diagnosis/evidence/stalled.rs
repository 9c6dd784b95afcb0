//! Connections of which large segments get through in neither direction, or in one.
use std::collections::BTreeMap;
use std::net::IpAddr;

use super::hole::PersistentHole;
use crate::model::SocketId;

/// A connection by its other end's address and port, and its own port.
pub(crate) type Peer = (IpAddr, u16, u16);

/// Connections that are stalled though no MTU of this node is wrong.
#[derive(Clone, Debug, Default)]
pub(crate) struct StalledConnections {
    /// What does not come.
    pub(crate) holes: BTreeMap<Peer, PersistentHole>,
    /// What does not get out.
    pub(crate) uploads: BTreeMap<Peer, StuckUpload>,
}

/// A connection whose full-size segments are never acknowledged, while small ones were.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StuckUpload {
    /// Its socket.
    pub(crate) socket: SocketId,
    /// L3 bytes of the segment.
    pub(crate) full: u32,
    /// Bytes of data that were acknowledged.
    pub(crate) acked: u64,
    /// Bytes of data that came from the other end.
    pub(crate) received: u64,
    /// Timeouts in a row with nothing acknowledged.
    pub(crate) timeouts: u32,
    /// When it was first seen, CLOCK_MONOTONIC nanoseconds.
    pub(crate) first_ns: u64,
    /// When it was last seen.
    pub(crate) last_ns: u64,
}

/// The peer of a socket.
pub(crate) fn peer(socket: SocketId) -> Peer {
    let (src, dst) = (socket.flow.src, socket.flow.dst);
    (dst.ip(), dst.port(), src.port())
}
