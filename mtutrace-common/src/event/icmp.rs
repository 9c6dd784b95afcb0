//! ICMPv4 3/4 "fragmentation needed" (RFC 792, RFC 1191) and ICMPv6 type 2 "packet too big" (RFC 4443 §3.2).
use crate::{EventHeader, Packet};

/// Such a message passed a device (TC) or was made by this node (tracepoint `icmp:icmp_send`).
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
#[repr(C)]
pub struct IcmpEvent {
    /// Where it passed, or where the offending packet had come in.
    pub header: EventHeader,
    /// The offending packet: the one quoted in the message. Its `length` is what the quoted header says.
    pub packet: Packet,
    /// Who says so; zeros if unknown.
    pub from: [u8; 16],
    /// Who is told; zeros if unknown.
    pub to: [u8; 16],
    /// The next hop's MTU it tells, in bytes at L3; 0 if unknown.
    pub mtu: u32,
    /// IPv4 identification of the message itself: the same message seen at two devices carries the same.
    pub message_id: u32,
}

const _: () = assert!(size_of::<IcmpEvent>() == 120);
