//! Raw tracepoint `tcp:tcp_retransmit_skb`.
use crate::{EventHeader, Packet};

/// A local socket sent a segment again, one that is larger than the smallest MTU of the node.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
#[repr(C)]
pub struct RetransmitEvent {
    /// Namespace of the socket; no device.
    pub header: EventHeader,
    /// The segment; `length` is payload plus 40 (IPv4) or 60 (IPv6): options are not on the skb yet.
    pub packet: Packet,
}

const _: () = assert!(size_of::<RetransmitEvent>() == 80);
