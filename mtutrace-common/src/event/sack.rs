//! TC: a pure TCP ACK with a SACK option (RFC 2018).
use crate::{EventHeader, Packet};

/// Such an ACK passed a device: the receiver lacks what `packet.ack` begins with, and has something beyond.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
#[repr(C)]
pub struct SackEvent {
    /// Where it passed.
    pub header: EventHeader,
    /// The ACK; its source is who asks.
    pub packet: Packet,
    /// Sequence number of the first byte beyond the hole that is known to have come.
    pub left: u32,
    /// Bytes of the largest piece beyond the hole.
    pub largest: u32,
}

const _: () = assert!(size_of::<SackEvent>() == 88);
