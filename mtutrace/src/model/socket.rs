//! A TCP socket, and what the kernel says of it (sock_diag(7)).
use serde::{Deserialize, Serialize};

use super::{Flow, NetnsId};

/// A socket that the kernel is to be asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct SocketId {
    /// Its namespace.
    pub(crate) netns: NetnsId,
    /// Its own end is the source.
    pub(crate) flow: Flow,
}

/// What the kernel says of a socket (`struct tcp_info`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TcpInfo {
    /// Bytes that came in sequence (`tcpi_bytes_received`).
    pub(crate) received: u64,
    /// Segments that came, whatever is in them (`tcpi_segs_in`).
    pub(crate) segments: u32,
    /// Bytes of data in the largest segment that came, at least 536 (`tcpi_rcv_mss`).
    pub(crate) largest: u32,
    /// Bytes of data in a full-size segment: the smaller of what either end takes (`tcpi_advmss`, `tcpi_snd_mss`).
    pub(crate) full: u32,
    /// Bytes of TCP options in each.
    pub(crate) options: u32,
    /// Bytes of its own data that were acknowledged (`tcpi_bytes_acked`).
    pub(crate) acked: u64,
    /// Segments that carried them (`tcpi_delivered`).
    pub(crate) delivered: u32,
    /// Bytes of data in a full-size segment of its own (`tcpi_snd_mss`).
    pub(crate) sends: u32,
    /// Retransmission timeouts in a row with nothing acknowledged (`tcpi_retransmits`).
    pub(crate) timeouts: u32,
    /// It has something that cannot be read yet, and nothing that can.
    pub(crate) waits: bool,
}
