//! TC: a first fragment passes.
use crate::{EventHeader, Packet};

/// The first fragment of an IP packet passed a device (offset 0, more fragments to come).
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
#[repr(C)]
pub struct FragmentEvent {
    /// Where it passed.
    pub header: EventHeader,
    /// The fragment; `length` is the fragment's own L3 length in bytes.
    pub packet: Packet,
}

const _: () = assert!(size_of::<FragmentEvent>() == 80);
