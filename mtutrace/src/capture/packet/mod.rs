//! Frames become packets: one for each IP header, from the outside of a tunnel to its inside.

mod icmp;
mod ip;
mod link;
mod tcp;
mod tunnel;

use std::net::IpAddr;

pub(super) use icmp::{Quoted, TooBig};
pub(super) use tcp::{Sack, Tcp};

use super::read::Frame;

/// IP headers of one frame that are looked at.
const DEPTH: u8 = 4;

/// Where a packet was seen. Two sightings of one packet differ in this.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    /// Number of the interface in the file.
    pub(super) interface: usize,
    /// Of Linux's cooked captures, version 2; 0 where the file does not say.
    pub(super) ifindex: u32,
    /// Of cooked captures: whether this machine sent it.
    pub(super) outgoing: Option<bool>,
    /// IP headers around it.
    pub(super) depth: u8,
}

/// A part of a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fragment {
    pub(super) id: u32,
    /// In bytes.
    pub(super) offset: u32,
    /// Bytes of the datagram that it carries.
    pub(super) bytes: u32,
    pub(super) more: bool,
}

/// What is behind the IP header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inside {
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
pub(super) struct Packet {
    /// Nanoseconds since 1970.
    pub(super) time_ns: u64,
    pub(super) place: Place,
    pub(super) src: IpAddr,
    pub(super) dst: IpAddr,
    pub(super) protocol: u8,
    /// Bytes from the IP header on, as they were on the wire.
    pub(super) length: u32,
    /// Always true for IPv6: routers do not cut.
    pub(super) df: bool,
    /// Of IPv4; 0 says nothing.
    pub(super) id: u16,
    pub(super) hops: u8,
    pub(super) fragment: Option<Fragment>,
    pub(super) inside: Inside,
}

/// Why a frame gave no packet, or not all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Unread {
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
    pub(super) fn name(self) -> &'static str {
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

/// Hands each packet of a frame to `take`, from the outside to the inside.
pub(super) fn parse(frame: Frame<'_>, mut take: impl FnMut(&Packet)) -> Result<(), Unread> {
    let link = link::parse(frame.link, frame.bytes)?;
    let mut next = Some((link.ether_type, link.payload, frame.length.saturating_sub(link.header)));
    let mut place =
        Place { interface: frame.interface, ifindex: link.ifindex, outgoing: link.outgoing, depth: 0 };
    while let Some((ether_type, bytes, length)) = next {
        if place.depth == DEPTH {
            return Err(Unread::TooDeep);
        }
        if !matches!(ether_type, link::IPV4 | link::IPV6) {
            // What a tunnel carries need not be IP.
            return if place.depth == 0 { Err(Unread::NotIp) } else { Ok(()) };
        }
        let (packet, payload) = ip::parse(bytes, length, frame.time_ns, place)?;
        take(&packet);
        next = tunnel::inside(&packet, payload);
        place.depth += 1;
    }
    Ok(())
}
