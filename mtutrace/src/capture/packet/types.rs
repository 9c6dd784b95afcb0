//! What a packet is here. Nothing of its payload is kept.

use std::net::IpAddr;

use super::segment::Tcp;

/// Where a packet was seen. Two sightings of one packet differ in this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::capture) struct Place {
    /// Number of the interface in the file.
    pub(in crate::capture) interface: usize,
    /// Of Linux's cooked captures, version 2; 0 where the file does not say.
    pub(in crate::capture) ifindex: u32,
    /// Of cooked captures: whether this machine sent it.
    pub(in crate::capture) outgoing: Option<bool>,
    /// IP headers around it.
    pub(in crate::capture) depth: u8,
}

/// A part of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::capture) struct Fragment {
    pub(in crate::capture) id: u32,
    /// In bytes.
    pub(in crate::capture) offset: u32,
    /// Bytes of the datagram that it carries.
    pub(in crate::capture) bytes: u32,
    pub(in crate::capture) more: bool,
}

/// What is behind the IP header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::capture) enum Inside {
    Tcp(Tcp),
    /// Ports.
    Udp(u16, u16),
    /// "Fragmentation needed", "packet too big".
    TooBig(TooBig),
    /// Pieces of this datagram did not come in time.
    ReassemblyTimedOut(Option<Quoted>),
    Other,
    /// The snaplen cut it off.
    Cut,
}

/// One IP packet at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::capture) struct Packet {
    /// Nanoseconds since 1970.
    pub(in crate::capture) time_ns: u64,
    pub(in crate::capture) place: Place,
    pub(in crate::capture) src: IpAddr,
    pub(in crate::capture) dst: IpAddr,
    pub(in crate::capture) protocol: u8,
    /// Bytes from the IP header on, as they were on the wire.
    pub(in crate::capture) length: u32,
    /// Always true for IPv6: routers do not cut.
    pub(in crate::capture) df: bool,
    /// Of IPv4; 0 says nothing.
    pub(in crate::capture) id: u16,
    pub(in crate::capture) fragment: Option<Fragment>,
    pub(in crate::capture) inside: Inside,
}

/// Why a frame gave no packet, or not all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::capture) enum Unread {
    /// ARP and the like: nothing is wrong with it.
    NotIp,
    LinkType,
    Cut,
    BadIp,
    BadTransport,
    TooDeep,
}

impl Unread {
    /// Its name in the output.
    pub(in crate::capture) fn name(self) -> &'static str {
        match self {
            Self::NotIp => "not_ip",
            Self::LinkType => "unknown_link_type",
            Self::Cut => "cut_by_snaplen",
            Self::BadIp => "bad_ip_header",
            Self::BadTransport => "bad_transport_header",
            Self::TooDeep => "too_many_tunnels",
        }
    }
}

/// The packet that an error is about. Whoever sends the error can write anything here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::capture) struct Quoted {
    pub(in crate::capture) src: IpAddr,
    pub(in crate::capture) dst: IpAddr,
    pub(in crate::capture) protocol: u8,
    /// Source and destination, if that much was quoted.
    pub(in crate::capture) ports: Option<(u16, u16)>,
    /// Bytes that the packet had, by its own header.
    pub(in crate::capture) length: u32,
    /// What tells one packet from the next: IPv4's identification and TCP's sequence number.
    pub(in crate::capture) mark: (u16, u32),
}

/// "Fragmentation needed" (RFC 1191) or "packet too big" (RFC 8201).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::capture) struct TooBig {
    /// The MTU of the next hop; 0 from routers older than RFC 1191.
    pub(in crate::capture) mtu: u32,
    pub(in crate::capture) quoted: Option<Quoted>,
}

/// What stands behind the headers of a packet.
#[derive(Debug, Clone, Copy)]
pub(in crate::capture) struct Payload<'a> {
    pub(in crate::capture) bytes: &'a [u8],
    /// Bytes that it had on the wire.
    pub(in crate::capture) length: u32,
}
