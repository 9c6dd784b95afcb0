//! IP fragments: made by this node (kprobes), or passing a device (TC).
use crate::{EventHeader, Packet};

/// A packet is being fragmented, or the first fragment of one passed a device (offset 0, more to come).
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
#[repr(C)]
pub struct FragmentEvent {
    /// Where: for kprobes the namespace and the device that the packet leaves by.
    pub header: EventHeader,
    /// For kprobes the whole packet, for TC the first fragment, each with its own L3 length in bytes.
    pub packet: Packet,
    /// Limit that the fragments are made for, bytes at L3; 0 if unknown (TC).
    pub mtu: u32,
    /// Zero.
    pub padding: u32,
}

const _: () = assert!(size_of::<FragmentEvent>() == 88);
