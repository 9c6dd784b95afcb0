//! TC ingress: a segment too big for the route that the FIB gives it.
use crate::{EventHeader, Packet};

/// A packet whose segments do not fit the MTU of its way out (`bpf_fib_lookup` says so).
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
#[repr(C)]
pub struct OversizedEvent {
    /// The device it came in by.
    pub header: EventHeader,
    /// The packet.
    pub packet: Packet,
    /// MTU of the route, in bytes at L3; 0 where the kernel does not tell (5.10).
    pub mtu: u32,
    /// `ifindex` of the way out; 0 where the kernel does not tell.
    pub egress_ifindex: u32,
}

const _: () = assert!(size_of::<OversizedEvent>() == 88);
