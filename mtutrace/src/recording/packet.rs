//! A packet for readers of pcapng: its headers, rebuilt of what a record says of them. The kernel side keeps no bytes.
//!
//! What a record does not say has a neutral value: TTL 64, window 0, no options but a SYN's MSS. Checksums are those of a
//! payload of zeros, which is not there.
use std::net::IpAddr;

use etherparse::{
    IcmpEchoHeader, Icmpv4Header, Icmpv4Type, Icmpv6Header, Icmpv6Type, IpNumber, Ipv4Header, Ipv6FlowLabel,
    Ipv6Header, TcpHeader, TcpOptionElement, UdpHeader, icmpv4,
};

use crate::model::{Event, EventKind, Flow};

/// Hops that a packet may still go.
const TTL: u8 = 64;
const TCP: u8 = 6;
const UDP: u8 = 17;

/// The headers of a packet, from IP on, and the bytes that it had at L3.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Headers {
    /// The headers.
    pub(crate) bytes: Vec<u8>,
    /// Bytes at L3, no fewer than the headers have.
    pub(crate) length: u32,
}

/// Those of the packet that an event is about; of an ICMP "too big" the whole message, with the packet that it quotes.
pub(crate) fn headers(event: &Event) -> Headers {
    match event.kind {
        EventKind::IcmpSeen { from, to, mtu, .. } => too_big(event, from, to, mtu),
        EventKind::IcmpSent { mtu } => too_big(event, None, None, mtu),
        _ => {
            let bytes = packet(event, event.length);
            let length = event.length.max(u32::try_from(bytes.len()).unwrap_or(0));
            Headers { bytes, length }
        }
    }
}

/// IP and transport header of a packet of `length` bytes.
fn packet(event: &Event, length: u32) -> Vec<u8> {
    let flow = &event.flow;
    let ip_length = if flow.src.is_ipv4() { Ipv4Header::MIN_LEN } else { Ipv6Header::LEN };
    let room = usize::try_from(length).unwrap_or(0).min(usize::from(u16::MAX)).saturating_sub(ip_length);
    let transport = transport(event, room);
    let room = room.max(transport.len());
    let mut bytes = ip(event, flow.protocol, room);
    bytes.extend(transport);
    bytes
}

fn ip(event: &Event, protocol: u8, payload: usize) -> Vec<u8> {
    let first = matches!(event.kind, EventKind::Fragmented { mtu: None });
    let cut =
        matches!(event.kind, EventKind::Fragmented { .. } | EventKind::Oversized { may_be_cut: true, .. });
    match (event.flow.src.ip(), event.flow.dst.ip()) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => {
            let header = Ipv4Header {
                identification: event.ip_id,
                dont_fragment: !cut,
                more_fragments: first,
                ..v4(src.octets(), dst.octets(), protocol, payload)
            };
            v4_bytes(header)
        }
        (src, dst) => v6(src, dst, protocol, payload).to_bytes().to_vec(),
    }
}

fn v4(source: [u8; 4], destination: [u8; 4], protocol: u8, payload: usize) -> Ipv4Header {
    let total = u16::try_from(payload.saturating_add(Ipv4Header::MIN_LEN)).unwrap_or(u16::MAX);
    Ipv4Header {
        total_len: total,
        time_to_live: TTL,
        protocol: IpNumber(protocol),
        source,
        destination,
        ..Ipv4Header::default()
    }
}

fn v4_bytes(mut header: Ipv4Header) -> Vec<u8> {
    header.header_checksum = header.calc_header_checksum();
    header.to_bytes().to_vec()
}

fn v6(source: IpAddr, destination: IpAddr, protocol: u8, payload: usize) -> Ipv6Header {
    Ipv6Header {
        traffic_class: 0,
        flow_label: Ipv6FlowLabel::ZERO,
        payload_length: u16::try_from(payload).unwrap_or(u16::MAX),
        next_header: IpNumber(protocol),
        hop_limit: TTL,
        source: octets(source),
        destination: octets(destination),
    }
}

/// An address as IPv6 has it.
fn octets(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().octets(),
        IpAddr::V6(ip) => ip.octets(),
    }
}

/// What is made of the addresses of a flow, by its family.
fn by_family<T>(
    flow: &Flow,
    v4: impl FnOnce([u8; 4], [u8; 4]) -> T,
    v6: impl FnOnce([u8; 16], [u8; 16]) -> T,
) -> T {
    match (flow.src.ip(), flow.dst.ip()) {
        (IpAddr::V4(src), IpAddr::V4(dst)) => v4(src.octets(), dst.octets()),
        (src, dst) => v6(octets(src), octets(dst)),
    }
}

/// The transport header with `room` bytes from it on; nothing of protocols whose headers no record has.
fn transport(event: &Event, room: usize) -> Vec<u8> {
    let Flow { protocol, src, dst } = event.flow;
    match protocol {
        TCP => {
            let mut header = TcpHeader::new(src.port(), dst.port(), event.seq, 0);
            match event.kind {
                EventKind::Syn { mss, ack, .. } => {
                    (header.syn, header.ack) = (true, ack);
                    let mss = mss.and_then(|mss| u16::try_from(mss).ok());
                    let options: Vec<_> = mss.map(TcpOptionElement::MaximumSegmentSize).into_iter().collect();
                    // One option of four bytes always fits.
                    let _ = header.set_options(&options);
                }
                _ => header.ack = true,
            }
            let zeros = vec![0; room.saturating_sub(header.header_len())];
            let checksum = by_family(
                &event.flow,
                |src, dst| header.calc_checksum_ipv4_raw(src, dst, &zeros),
                |src, dst| header.calc_checksum_ipv6_raw(src, dst, &zeros),
            );
            header.checksum = checksum.unwrap_or(0);
            header.to_bytes().to_vec()
        }
        UDP => {
            let length = u16::try_from(room.max(UdpHeader::LEN)).unwrap_or(u16::MAX);
            let mut header =
                UdpHeader { source_port: src.port(), destination_port: dst.port(), length, checksum: 0 };
            let zeros = vec![0; room.saturating_sub(UdpHeader::LEN)];
            let checksum = by_family(
                &event.flow,
                |src, dst| header.calc_checksum_ipv4_raw(src, dst, &zeros),
                |src, dst| header.calc_checksum_ipv6_raw(src, dst, &zeros),
            );
            header.checksum = checksum.unwrap_or(0);
            header.to_bytes().to_vec()
        }
        _ => Vec::new(),
    }
}

/// The message, whole: its IP header, its own, and the beginning of the packet that it quotes (RFC 792: 8 bytes behind the IP header).
/// A router that is not known is 0.0.0.0; who is told is the quoted packet's source unless a record says otherwise.
fn too_big(event: &Event, from: Option<IpAddr>, to: Option<IpAddr>, mtu: Option<u32>) -> Headers {
    let quoted_length = if event.length == 0 { 1500 } else { event.length };
    let bytes = match event.flow.src.ip() {
        IpAddr::V4(source) => {
            let mut quoted = packet(event, quoted_length);
            quoted.truncate(Ipv4Header::MIN_LEN + 8);
            let next_hop_mtu = mtu.and_then(|mtu| u16::try_from(mtu).ok()).unwrap_or(0);
            let needed = icmpv4::DestUnreachableHeader::FragmentationNeeded { next_hop_mtu };
            let header = Icmpv4Header::with_checksum(Icmpv4Type::DestinationUnreachable(needed), &quoted);
            let octets = |address: Option<IpAddr>, unknown: [u8; 4]| match address {
                Some(IpAddr::V4(ip)) => ip.octets(),
                _ => unknown,
            };
            let payload = IcmpEchoHeader::LEN + 4 + quoted.len();
            let ip = v4(octets(from, [0; 4]), octets(to, source.octets()), 1, payload);
            [v4_bytes(ip), header.to_bytes().to_vec(), quoted].concat()
        }
        IpAddr::V6(_) => {
            let quoted = packet(event, quoted_length);
            let from = from.unwrap_or(IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED));
            let to = to.unwrap_or(event.flow.src.ip());
            let kind = Icmpv6Type::PacketTooBig { mtu: mtu.unwrap_or(0) };
            let header = Icmpv6Header::with_checksum(kind, octets(from), octets(to), &quoted);
            let header = header.map(|header| header.to_bytes().to_vec()).unwrap_or_default();
            let ip = v6(from, to, 58, header.len() + quoted.len());
            [ip.to_bytes().to_vec(), header, quoted].concat()
        }
    };
    let length = u32::try_from(bytes.len()).unwrap_or(0);
    Headers { bytes, length }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::attribution::tests::{event, flow};
    use etherparse::{PacketHeaders, TransportHeader};

    #[test]
    fn a_segment_has_its_addresses_and_its_length() {
        for (src, dst, header) in
            [("10.0.0.1:5", "192.0.2.2:443", 40), ("[2001:db8::1]:5", "[2001:db8::2]:443", 60)]
        {
            let mut of = event(1, flow(src, dst), EventKind::Retransmit);
            (of.length, of.seq, of.ip_id) = (1500, 7, 9);
            let Headers { bytes, length } = headers(&of);
            assert_eq!((bytes.len(), length), (header, 1500));
            let whole = [bytes, vec![0; 1500 - header]].concat();
            let parsed = PacketHeaders::from_ip_slice(&whole).unwrap();
            let Some(TransportHeader::Tcp(tcp)) = parsed.transport else { panic!() };
            assert_eq!((tcp.source_port, tcp.destination_port, tcp.sequence_number), (5, 443, 7));
        }
    }

    #[test]
    fn a_message_quotes_the_packet() {
        let kind = EventKind::IcmpSeen {
            from: Some("192.0.2.1".parse().unwrap()),
            to: Some("10.0.0.1".parse().unwrap()),
            mtu: Some(1400),
            message_id: 1,
        };
        let Headers { bytes, length } = headers(&event(1, flow("10.0.0.1:5", "192.0.2.2:443"), kind));
        assert_eq!((bytes.len(), length), (56, 56));
        let parsed = PacketHeaders::from_ip_slice(&bytes).unwrap();
        let Some(TransportHeader::Icmpv4(icmp)) = parsed.transport else { panic!() };
        let needed = icmpv4::DestUnreachableHeader::FragmentationNeeded { next_hop_mtu: 1400 };
        assert_eq!(icmp.icmp_type, Icmpv4Type::DestinationUnreachable(needed));
    }

    #[test]
    fn whatever_a_record_says_gives_headers() {
        let mut random = fastrand::Rng::with_seed(4);
        for _ in 0..2000 {
            let (src, dst) = (("10.0.0.1:5", "192.0.2.2:9"), ("[2001:db8::1]:5", "[2001:db8::2]:9"));
            let (src, dst) = if random.bool() { src } else { dst };
            let kind = match random.u8(0..5) {
                0 => EventKind::Retransmit,
                1 => EventKind::Syn { mss: Some(random.u32(..)), ack: random.bool(), identity: 0 },
                2 => EventKind::IcmpSent { mtu: Some(random.u32(..)) },
                3 => EventKind::Fragmented { mtu: None },
                _ => EventKind::IcmpSeen { from: None, to: None, mtu: None, message_id: 0 },
            };
            let mut of = event(1, flow(src, dst), kind);
            of.length = if random.bool() { random.u32(..) } else { random.u32(0..100) };
            of.flow.protocol = random.u8(..);
            let Headers { bytes, length } = headers(&of);
            assert!(bytes.len() >= 20 && length as usize >= bytes.len());
        }
    }
}
