//! The path MTU cache of this node takes a smaller value (RFC 1191, RFC 8201).
use crate::{EventHeader, Packet};

/// Such an update.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
#[repr(C)]
pub struct PmtuEvent {
    /// Namespace of the cache, and the device of the route.
    pub header: EventHeader,
    /// Only `family` and `dst`: to whom the path leads.
    pub packet: Packet,
    /// The path MTU from now on, bytes at L3.
    pub mtu: u32,
    /// Zero.
    pub padding: u32,
}

const _: () = assert!(size_of::<PmtuEvent>() == 88);
