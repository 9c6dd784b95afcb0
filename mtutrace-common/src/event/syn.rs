//! TC: a TCP SYN or SYN-ACK passes.
use crate::{EventHeader, Packet};

/// A SYN (or SYN-ACK) passed a device. Its sequence number is the connection's initial one, which NAT keeps:
/// the same number at two devices is the same connection under two names. Two senders with the same addresses and ports
/// (in different namespaces) that begin within 64 ns have it in common: `identity` tells those apart.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
#[repr(C)]
pub struct SynEvent {
    /// Where it passed.
    pub header: EventHeader,
    /// The segment; `tcp_flags` tells SYN from SYN-ACK.
    pub packet: Packet,
    /// Value of the MSS option (RFC 9293 §3.7.1), bytes of TCP payload; 0 if there is none.
    pub mss: u32,
    /// What else the sender chose at random and NAT keeps: IPv4's identification, IPv6's flow label (RFC 6437).
    pub identity: u32,
}

const _: () = assert!(size_of::<SynEvent>() == 88);
