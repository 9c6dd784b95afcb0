//! What a classifier must send about a frame, as etherparse reads it. Where the program's reading ends on purpose, a comment
//! says "limit".

mod headers;
mod options;

use etherparse::{EtherType, Ethernet2HeaderSlice, IpNumber};
use mtutrace_common::event::{FragmentEvent, IcmpEvent, OversizedEvent, SackEvent, SynEvent};
use mtutrace_common::header::{ip_flags, port};
use mtutrace_common::{ABI_VERSION, EventHeader, HookId, Packet};

use super::address::{ROUTED4, ROUTED6};
use super::draw::{Case, ETHERNET};
use super::record::Record;
use headers::Read;

/// Bytes before the packet that an ICMP error quotes.
const ICMP_HEADER: usize = 8;
const SYN: u8 = 0x02;
/// A smaller hole is not told: 536 is the least full-size segment (RFC 9293 §3.7.1).
const SMALLEST_HOLE: u32 = 536;
/// Limit: the headers that a segment of a super-packet is taken to have at most.
const HEADERS: u32 = 120;

/// The program that the frame meets, and where.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    /// On a device with Ethernet headers.
    pub ethernet: bool,
    /// Coming in.
    pub ingress: bool,
    /// Inode number of the namespace.
    pub netns: u32,
    /// The device.
    pub ifindex: u32,
    /// Limit of that device, and MTU of the one device that others are routed to.
    pub mtu: u32,
    /// That device.
    pub egress: u32,
    /// The kernel says the route's MTU (5.12 and later).
    pub tells_mtu: bool,
}

/// What must come of it.
#[derive(Debug, Default, PartialEq)]
pub struct Expected {
    /// The records, in order.
    pub records: Vec<Record>,
    /// A later fragment was counted.
    pub later_fragment: bool,
    /// A packet larger than its device's limit was counted.
    pub slow_path: bool,
}

/// What must come of `case` at `place`.
pub fn expect(case: &Case, place: Place) -> Expected {
    let mut expected = Expected::default();
    let Ok(link) = Ethernet2HeaderSlice::from_slice(&case.frame) else { return expected };
    let version = match link.ether_type() {
        EtherType::IPV4 => 4,
        EtherType::IPV6 => 6,
        // Limit: what is behind a VLAN tag in the frame is not looked into; the VLAN's own device sees it.
        _ => return expected,
    };
    let ip = if place.ethernet { &case.frame[ETHERNET..] } else { &case.frame[..] };
    // Limit: the frame's length counts, not what the header says: padding up to 60 bytes is not told apart.
    let whole = ip.len() as u32;
    let Some(mut read) = headers::read(ip, version, whole) else { return expected };
    segment(case, &mut read);
    let packet = &read.packet;
    let longest = match case.gso_size {
        0 => whole,
        payload => packet.length.min(u32::from(payload) + HEADERS),
    };
    expected.slow_path = place.ingress && longest > place.mtu;
    if expected.slow_path && packet.length > place.mtu && packet.length <= 0xffff && is_routed(packet) {
        let mtu = if place.tells_mtu { place.mtu } else { 0 };
        let event =
            OversizedEvent { packet: *packet, mtu, egress_ifindex: place.egress, ..Default::default() };
        expected.records.push(Record::Oversized(event));
    }
    if packet.ip_flags & ip_flags::LATER_FRAGMENT != 0 {
        expected.later_fragment = true;
    } else {
        if packet.ip_flags & ip_flags::MF != 0 {
            expected
                .records
                .push(Record::Fragmented(FragmentEvent { packet: *packet, ..Default::default() }));
        }
        expected.records.extend(transport(ip, &read));
    }
    for record in &mut expected.records {
        let kind = record.signal() as u16;
        let hook = if place.ingress { HookId::TcIngress } else { HookId::TcEgress } as u16;
        *record.header_mut() = EventHeader {
            abi: ABI_VERSION,
            kind,
            ifindex: place.ifindex,
            time_ns: 0,
            netns: place.netns,
            hook,
            port: port::KNOWN,
        };
    }
    expected
}

/// The length of one segment of a super-packet.
fn segment(case: &Case, read: &mut Read) {
    let packet = &mut read.packet;
    let ports = [IpNumber::TCP, IpNumber::UDP].contains(&IpNumber(packet.protocol));
    // GSO_BY_FRAGS (0xffff): the sizes are in the fragments.
    if ports && packet.ip_flags & ip_flags::LATER_FRAGMENT == 0 && ![0, 0xffff].contains(&case.gso_size) {
        packet.length = (read.transport + read.transport_header) as u32 + u32::from(case.gso_size);
        packet.gso_segments = case.gso_segments.max(1);
    }
}

/// Whether the laboratory's only route leads there, for a packet that a router would forward (`bpf_fib_lookup`).
fn is_routed(packet: &Packet) -> bool {
    if packet.family == 4 {
        return packet.dst.starts_with(&ROUTED4);
    }
    let source = std::net::Ipv6Addr::from(packet.src);
    let strict = source.is_multicast() || source.is_unicast_link_local() || source.is_loopback();
    packet.dst.starts_with(&ROUTED6) && !strict
}

fn transport(ip: &[u8], read: &Read) -> Option<Record> {
    match (IpNumber(read.packet.protocol), read.packet.family) {
        (IpNumber::TCP, _) if read.packet.tcp_flags & SYN != 0 => Some(syn(ip, read)),
        (IpNumber::TCP, _) => sack(ip, read),
        (IpNumber::ICMP, 4) | (IpNumber::IPV6_ICMP, 6) => icmp(ip, read),
        _ => None,
    }
}

fn syn(ip: &[u8], read: &Read) -> Record {
    let identity = if read.packet.family == 4 { u32::from(read.packet.ip_id) } else { read.flow_label };
    let mss = options::mss(options::of(ip, read)).unwrap_or(0);
    Record::Syn(SynEvent { packet: read.packet, mss: u32::from(mss), identity, ..Default::default() })
}

fn sack(ip: &[u8], read: &Read) -> Option<Record> {
    let packet = read.packet;
    // A pure ACK, whole.
    let end = read.transport + usize::from(*ip.get(read.transport + 12)? >> 4) * 4;
    if packet.gso_segments != 0 || end != ip.len() {
        return None;
    }
    let blocks = options::sack(options::of(ip, read));
    // A block at the acknowledgement, or behind it, tells of a duplicate (RFC 2883).
    let beyond = |left: u32| (1..=i32::MAX as u32).contains(&left.wrapping_sub(packet.ack));
    let holes: Vec<_> = blocks.into_iter().filter(|(left, _)| beyond(*left)).collect();
    let hole = holes.iter().map(|(left, _)| left.wrapping_sub(packet.ack)).min()?;
    let largest = holes.iter().map(|(left, right)| right.wrapping_sub(*left)).max()?;
    let left = packet.ack.wrapping_add(hole);
    (hole >= SMALLEST_HOLE)
        .then(|| Record::SackHole(SackEvent { packet, left, largest, ..Default::default() }))
}

fn icmp(ip: &[u8], read: &Read) -> Option<Record> {
    let message = ip.get(read.transport..)?;
    let mtu = match (read.packet.family, message.get(..2)?) {
        // RFC 1191 §4, RFC 4443 §3.2; the code of the latter is to be ignored.
        (4, [3, 4]) => u32::from(u16::from_be_bytes(message.get(6..8)?.try_into().ok()?)),
        (6, [2, _]) => u32::from_be_bytes(message.get(4..8)?.try_into().ok()?),
        _ => return None,
    };
    let quoted = headers::read(message.get(ICMP_HEADER..)?, read.packet.family, 0)?;
    let outer = &read.packet;
    Some(Record::IcmpSeen(IcmpEvent {
        packet: quoted.packet,
        from: outer.src,
        to: outer.dst,
        mtu,
        message_id: u32::from(outer.ip_id),
        ..Default::default()
    }))
}
