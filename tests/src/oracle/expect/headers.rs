//! The IP header and the ports behind it.

use etherparse::{
    IpNumber, Ipv4HeaderSlice, Ipv6FragmentHeaderSlice, Ipv6HeaderSlice, TcpHeaderSlice, UdpHeaderSlice,
};
use mtutrace_common::Packet;
use mtutrace_common::header::ip_flags;

/// The longest IPv4 header.
const LONGEST: usize = 60;
/// A TCP header's least length: what is taken where its own is cut off.
const SHORTEST_TCP: usize = 20;

/// A packet's headers.
pub(super) struct Read {
    pub(super) packet: Packet,
    /// Where the transport header begins.
    pub(super) transport: usize,
    /// Bytes that it has, by its own account.
    pub(super) transport_header: usize,
    /// IPv6's.
    pub(super) flow_label: u32,
}

/// Reads them; with `length` 0 the packet is as long as its header says. None for what is no such packet.
pub(super) fn read(ip: &[u8], version: u8, length: u32) -> Option<Read> {
    let mut read = if version == 4 { v4(ip)? } else { v6(ip)? };
    if length != 0 {
        read.packet.length = length;
    }
    if read.packet.ip_flags & ip_flags::LATER_FRAGMENT == 0 {
        ports(ip.get(read.transport..).unwrap_or_default(), &mut read);
    }
    Some(read)
}

fn v4(ip: &[u8]) -> Option<Read> {
    // A header whose options are cut off is read all the same.
    ip.get(..20)?;
    let filled = [ip, &[0; LONGEST]].concat();
    let header = Ipv4HeaderSlice::from_slice(&filled).ok()?;
    let later = header.fragments_offset().value() != 0;
    let flags = [
        (header.dont_fragment(), ip_flags::DF),
        (header.more_fragments(), ip_flags::MF),
        (later, ip_flags::LATER_FRAGMENT),
    ];
    let mut packet = Packet { family: 4, length: u32::from(header.total_len()), ..Packet::default() };
    packet.src[..4].copy_from_slice(&header.source());
    packet.dst[..4].copy_from_slice(&header.destination());
    packet.protocol = header.protocol().0;
    packet.ip_id = header.identification();
    packet.ip_flags = flags.iter().map(|(set, flag)| u8::from(*set) * flag).sum();
    Some(Read { packet, transport: header.slice().len(), transport_header: 0, flow_label: 0 })
}

fn v6(ip: &[u8]) -> Option<Read> {
    let header = Ipv6HeaderSlice::from_slice(ip).ok()?;
    let mut packet =
        Packet { family: 6, length: 40 + u32::from(header.payload_length()), ..Packet::default() };
    (packet.src, packet.dst) = (header.source(), header.destination());
    packet.protocol = header.next_header().0;
    packet.ip_flags = ip_flags::DF;
    let mut transport = 40;
    // Limit: of extension headers a fragment header that comes first is read. Behind others the protocol is that header's
    // number, and there are no ports.
    if header.next_header() == IpNumber::IPV6_FRAGMENTATION_HEADER {
        let fragment = Ipv6FragmentHeaderSlice::from_slice(&ip[40..]).ok()?;
        let later = fragment.fragment_offset().value() != 0;
        packet.ip_flags =
            u8::from(fragment.more_fragments()) * ip_flags::MF + u8::from(later) * ip_flags::LATER_FRAGMENT;
        // Limit: the low half of the identification.
        packet.ip_id = fragment.identification() as u16;
        packet.protocol = fragment.next_header().0;
        transport = 48;
    }
    Some(Read { packet, transport, transport_header: 0, flow_label: header.flow_label().value() })
}

/// What is cut off stays 0, field by field: an ICMP error may quote no more than 8 bytes of it (RFC 792).
fn ports(bytes: &[u8], read: &mut Read) {
    let packet = &mut read.packet;
    let field16 =
        |at: usize| bytes.get(at..at + 2).map_or(0, |field| u16::from_be_bytes([field[0], field[1]]));
    let field32 = |at: usize| {
        bytes.get(at..at + 4).map_or(0, |field| u32::from_be_bytes([field[0], field[1], field[2], field[3]]))
    };
    match IpNumber(packet.protocol) {
        IpNumber::TCP => {
            if let Ok(header) = TcpHeaderSlice::from_slice(bytes) {
                (packet.sport, packet.dport) = (header.source_port(), header.destination_port());
                (packet.seq, packet.ack) = (header.sequence_number(), header.acknowledgment_number());
                packet.tcp_flags = header.slice()[13];
                read.transport_header = header.slice().len();
            } else {
                (packet.sport, packet.dport) = (field16(0), field16(2));
                (packet.seq, packet.ack) = (field32(4), field32(8));
                packet.tcp_flags = bytes.get(13).copied().unwrap_or(0);
                read.transport_header =
                    bytes.get(12).map_or(SHORTEST_TCP, |offset| usize::from(offset >> 4) * 4);
            }
        }
        IpNumber::UDP => {
            read.transport_header = 8;
            match UdpHeaderSlice::from_slice(bytes) {
                Ok(header) => {
                    (packet.sport, packet.dport) = (header.source_port(), header.destination_port())
                }
                Err(_) => (packet.sport, packet.dport) = (field16(0), field16(2)),
            }
        }
        _ => {}
    }
}
