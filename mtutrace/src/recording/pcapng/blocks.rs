//! The blocks that every reader knows.
use std::net::IpAddr;

use super::body::Body;
use super::numbers::{BYTE_ORDER, kind};

/// Comment of any block.
const COMMENT: u16 = 1;
/// LINKTYPE_RAW: an IPv4 or IPv6 packet without anything before it.
const RAW: u16 = 101;
/// Times are in units of 10⁻⁹ s.
const NANOSECONDS: u8 = 9;

/// A section begins (section 4.1). `comment` is for people.
pub(crate) fn section(hardware: &str, os: &str, application: &str, comment: &str) -> Vec<u8> {
    // Its length is not known: it is being written.
    let body = Body::new().u32(BYTE_ORDER).u16(1).u16(0).u64(u64::MAX);
    let body = body.text(COMMENT, comment).text(2, hardware).text(3, os).text(4, application);
    body.block(kind::SECTION, true)
}

/// A device (section 4.2): its packets name it by its number in the order of these blocks.
pub(crate) fn interface(name: &str, description: &str) -> Vec<u8> {
    let body = Body::new().u16(RAW).u16(0).u32(0);
    let body = body.text(2, name).text(3, description).option(9, &[NANOSECONDS]);
    body.block(kind::INTERFACE, true)
}

/// A packet (section 4.3).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Packet<'a> {
    /// Number of its device.
    pub(crate) interface: u32,
    /// When, nanoseconds since 1970.
    pub(crate) time_ns: u64,
    /// What is there of it, from its IP header on.
    pub(crate) data: &'a [u8],
    /// Bytes that it had at L3.
    pub(crate) length: u32,
    /// Which way it went; unknown without.
    pub(crate) outbound: Option<bool>,
    /// The same number for the same packet at every device.
    pub(crate) id: u64,
    /// Packets that were lost at this device since the last one.
    pub(crate) dropped: u64,
    /// For people, and for display filters.
    pub(crate) comment: &'a str,
}

/// A packet.
pub(crate) fn packet(packet: &Packet<'_>) -> Vec<u8> {
    let captured = u32::try_from(packet.data.len()).unwrap_or(0);
    let body = Body::new().u32(packet.interface).time(packet.time_ns).u32(captured);
    let body = body.u32(packet.length.max(captured)).bytes(packet.data).text(COMMENT, packet.comment);
    let direction = match packet.outbound {
        Some(true) => 2,
        Some(false) => 1,
        None => 0u32,
    };
    let mut body = body.option(2, &direction.to_le_bytes());
    if packet.dropped > 0 {
        body = body.option(4, &packet.dropped.to_le_bytes());
    }
    body.option(5, &packet.id.to_le_bytes()).block(kind::PACKET, true)
}

/// Names of addresses (section 4.5).
pub(crate) fn names<'a>(all: impl IntoIterator<Item = (IpAddr, &'a str)>) -> Vec<u8> {
    let mut body = Body::new();
    for (address, name) in all {
        let (record, mut value) = match address {
            IpAddr::V4(ip) => (1, ip.octets().to_vec()),
            IpAddr::V6(ip) => (2, ip.octets().to_vec()),
        };
        // A NUL ends a name.
        value.extend(name.bytes().filter(|byte| *byte != 0).take(1000));
        value.push(0);
        body = body.option(record, &value);
    }
    // The end of the records, and no options.
    body.u32(0).block(kind::NAMES, false)
}

/// What became of the packets of a device (section 4.6).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Statistics {
    /// Number of the device.
    pub(crate) interface: u32,
    /// From when, nanoseconds since 1970.
    pub(crate) start_ns: u64,
    /// Until when.
    pub(crate) end_ns: u64,
    /// Records that were made of it.
    pub(crate) received: u64,
    /// Of those, the ones that the kernel side left out since their source had sent enough.
    pub(crate) left_out: u64,
    /// Those that the ring had no room for.
    pub(crate) lost: u64,
}

/// What became of the packets of a device.
pub(crate) fn statistics(counts: &Statistics) -> Vec<u8> {
    let body = Body::new().u32(counts.interface).time(counts.end_ns);
    let body = body.time_option(2, counts.start_ns).time_option(3, counts.end_ns);
    let body = body.option(4, &counts.received.to_le_bytes()).option(5, &counts.left_out.to_le_bytes());
    body.option(7, &counts.lost.to_le_bytes()).block(kind::STATISTICS, true)
}
