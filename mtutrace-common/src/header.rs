//! What every event starts with: who saw it, when, where, and which packet it was about.

/// Version of the records' layout. A reader refuses records of another version.
pub const ABI_VERSION: u16 = 5;

/// First member of every record.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
#[repr(C)]
pub struct EventHeader {
    /// [`ABI_VERSION`].
    pub abi: u16,
    /// A [`crate::Signal`].
    pub kind: u16,
    /// Index of the device (`net_device.ifindex`) where it was seen, within `netns`; 0 if unknown.
    pub ifindex: u32,
    /// Nanoseconds of CLOCK_MONOTONIC (`bpf_ktime_get_ns`).
    pub time_ns: u64,
    /// Inode number of the network namespace (`net.ns.inum`); 0 if unknown.
    pub netns: u32,
    /// A [`crate::HookId`]: who saw it.
    pub hook: u16,
    /// A [`port`].
    pub port: u16,
}

/// What [`EventHeader::port`] says of a packet that came in by a bridge whose ports carry no classifier.
pub mod port {
    /// `ifindex` is the device where it was seen; at such a bridge, the port that its source MAC address belongs to.
    pub const KNOWN: u16 = 0;
    /// No port is known to have the packet's source MAC address: `ifindex` is the bridge.
    pub const STRANGER: u16 = 1;
    /// The bridge has seen the packet's source MAC address behind another port as well: `ifindex` is the bridge.
    pub const CONTESTED: u16 = 2;
}

/// The packet that the record is about: for ICMP errors, the one quoted inside.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
#[repr(C)]
pub struct Packet {
    /// Source address; IPv4 in the first 4 bytes.
    pub src: [u8; 16],
    /// Destination address; IPv4 in the first 4 bytes.
    pub dst: [u8; 16],
    /// Source port, host byte order; 0 where the protocol has none.
    pub sport: u16,
    /// Destination port, host byte order; 0 where the protocol has none.
    pub dport: u16,
    /// 4 or 6.
    pub family: u8,
    /// IP protocol number.
    pub protocol: u8,
    /// TCP flags byte (RFC 9293 §3.1), 0 for others.
    pub tcp_flags: u8,
    /// [`ip_flags`].
    pub ip_flags: u8,
    /// L3 length in bytes, of the largest segment when it is a GSO packet.
    pub length: u32,
    /// Segments in a GSO packet, 0 for an ordinary one.
    pub gso_segments: u16,
    /// IPv4 identification, 0 for IPv6 without a fragment header.
    pub ip_id: u16,
    /// TCP sequence number, host byte order.
    pub seq: u32,
    /// TCP acknowledgement number, host byte order.
    pub ack: u32,
}

/// Bits of [`Packet::ip_flags`].
pub mod ip_flags {
    /// Don't fragment (always set for IPv6, which routers never fragment: RFC 8200 §5).
    pub const DF: u8 = 1;
    /// More fragments.
    pub const MF: u8 = 2;
    /// Not the first fragment: there are no ports in it.
    pub const LATER_FRAGMENT: u8 = 4;
}

const _: () = assert!(size_of::<EventHeader>() == 24);
const _: () = assert!(size_of::<Packet>() == 56);
