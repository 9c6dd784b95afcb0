//! Kinds of packets, as they come by a device with Ethernet headers and by one without.
use std::net::Ipv4Addr;

use super::sandbox;

/// Bytes of an Ethernet header.
const ETHERNET: usize = 14;
/// L3 bytes of the ordinary packet.
const ORDINARY: usize = 1040;
/// L3 bytes of the packet that is too big.
const OVERSIZED: usize = 1500;
/// The limit that the test device gets, bytes at L3.
pub(super) const LIMIT: u32 = 1450;
/// TCP payload of a segment that fits exactly, with timestamps.
const SEGMENT: usize = LIMIT as usize - 20 - 32;

const ICMP: u8 = 1;
const TCP: u8 = 6;
const UDP: u8 = 17;
const HOP_BY_HOP: u8 = 0;
const DESTINATION_OPTIONS: u8 = 60;
const DF: u16 = 0x4000;
const MF: u16 = 0x2000;
const ACK: u8 = 0x10;
const SYN: u8 = 0x02;

/// The sender. BPF_PROG_TEST_RUN takes the protocol from where Ethernet has it (bytes 12 and 13, `eth_type_trans`); where a packet
/// begins with its IPv4 header, those are the first of its source address: 0x0800 is IPv4.
const SOURCE4: [u8; 4] = [0x08, 0x00, 0, 1];
/// The same for IPv6, whose source address begins at byte 8.
const SOURCE6: [u8; 16] = [0xfd, 0, 0, 0, 0x86, 0xdd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const DESTINATION6: [u8; 16] = [0xfd, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

/// One kind of packet.
#[derive(Clone, Debug)]
pub(super) struct Kind {
    /// What the outputs call it.
    pub(super) name: &'static str,
    /// From the IP header on.
    pub(super) ip: Vec<u8>,
    /// Payload bytes of a segment and number of segments; zeros for what is none.
    pub(super) gso: (u32, u32),
    /// A classifier at ingress makes a record of it.
    pub(super) recorded: bool,
    /// No classifier takes it through its fast path: fewer runs are enough.
    pub(super) slow: bool,
}

impl Kind {
    fn new(name: &'static str, ip: Vec<u8>) -> Kind {
        Kind { name, ip, gso: (0, 0), recorded: false, slow: false }
    }

    fn recorded(self) -> Kind {
        Kind { recorded: true, slow: true, ..self }
    }

    fn slow(self) -> Kind {
        Kind { slow: true, ..self }
    }

    /// As a device with Ethernet headers gets it, or one without.
    pub(super) fn frame(&self, ethernet: bool) -> Vec<u8> {
        if !ethernet {
            return self.ip.clone();
        }
        let mut frame = vec![0; ETHERNET - 2];
        let v6 = self.ip.first().is_some_and(|first| first >> 4 == 6);
        frame.extend(if v6 { [0x86, 0xdd] } else { [0x08, 0x00] });
        frame.extend(&self.ip);
        frame
    }

    /// The part of `struct __sk_buff` that says how the kernel would segment it, up to `gso_size`; empty without GSO.
    pub(super) fn context(&self) -> Vec<u8> {
        const SEGMENTS_AT: usize = 164;
        const SIZE_AT: usize = 176;
        let (size, segments) = self.gso;
        let mut context = vec![0; if size == 0 { 0 } else { SIZE_AT + 8 }];
        for (at, value) in [(SEGMENTS_AT, segments), (SIZE_AT, size)] {
            if let Some(place) = context.get_mut(at..at + 4) {
                place.copy_from_slice(&value.to_ne_bytes());
            }
        }
        context
    }
}

/// The ordinary packet first.
pub(super) fn kinds() -> Vec<Kind> {
    let two_segments = 2 * SEGMENT;
    let gso = tcp(ACK, true, two_segments);
    vec![
        Kind::new("ordinary", ipv4(TCP, DF, &tcp(ACK, false, ORDINARY - 40))),
        Kind::new("udp, 64 bytes", ipv4(UDP, DF, &udp(64 - 20))),
        Kind { gso: (SEGMENT as u32, 2), ..Kind::new("gso, segments that just fit", ipv4(TCP, DF, &gso)) }
            .slow(),
        Kind::new("oversized", ipv4(TCP, DF, &tcp(ACK, false, OVERSIZED - 40))).recorded(),
        Kind::new("syn", ipv4(TCP, DF, &tcp(SYN, false, 0))).recorded(),
        Kind::new("icmp too big", ipv4(ICMP, DF, &too_big())).recorded(),
        Kind::new("first fragment", ipv4(UDP, MF, &udp(ORDINARY - 20))).recorded(),
        Kind::new("ipv6, extension headers", ipv6_with_extensions()),
        Kind::new("truncated", truncated()).slow(),
    ]
}

fn destination4() -> [u8; 4] {
    Ipv4Addr::from(u32::from(sandbox::NETWORK) + 10).octets()
}

fn ipv4(protocol: u8, fragment: u16, payload: &[u8]) -> Vec<u8> {
    let length = (20 + payload.len()) as u16;
    let mut ip = vec![0x45, 0];
    ip.extend([length, 1, fragment].map(u16::to_be_bytes).concat());
    ip.extend([64, protocol, 0, 0]);
    ip.extend(SOURCE4);
    ip.extend(destination4());
    ip.extend(payload);
    ip
}

fn tcp(flags: u8, timestamps: bool, payload: usize) -> Vec<u8> {
    let mut segment = [40_000u16, 80].map(u16::to_be_bytes).concat();
    segment.extend([1u32, 1].map(u32::to_be_bytes).concat());
    segment.extend([if timestamps { 0x80 } else { 0x50 }, flags, 0xff, 0xff, 0, 0, 0, 0]);
    if timestamps {
        // RFC 7323, appendix A.
        segment.extend([1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 1]);
    }
    segment.resize(segment.len() + payload, b'x');
    segment
}

/// A datagram of so many bytes, its header included.
fn udp(length: usize) -> Vec<u8> {
    let mut datagram = [40_000u16, 9, length as u16, 0].map(u16::to_be_bytes).concat();
    datagram.resize(length, b'x');
    datagram
}

/// "Fragmentation needed" about the ordinary packet (RFC 1191 §4): its header and 8 bytes.
fn too_big() -> Vec<u8> {
    let mut message = vec![3, 4, 0, 0, 0, 0];
    message.extend(1400u16.to_be_bytes());
    message.extend(ipv4(TCP, DF, &tcp(ACK, false, ORDINARY - 40)).iter().take(28));
    message
}

/// TCP behind hop-by-hop and destination options of 8 bytes each (RFC 8200 §4).
fn ipv6_with_extensions() -> Vec<u8> {
    // PadN over the whole rest (RFC 8200 §4.2).
    let pad = [0, 1, 4, 0, 0, 0, 0];
    let mut rest = vec![DESTINATION_OPTIONS];
    rest.extend(pad);
    rest.push(TCP);
    rest.extend(pad);
    rest.extend(tcp(ACK, false, ORDINARY - 40 - 16 - 20));
    let mut ip = vec![0x60, 0, 0, 0];
    ip.extend((rest.len() as u16).to_be_bytes());
    ip.extend([HOP_BY_HOP, 64]);
    ip.extend(SOURCE6);
    ip.extend(DESTINATION6);
    ip.extend(rest);
    ip
}

/// Says that its header has 60 bytes, and ends after 40.
fn truncated() -> Vec<u8> {
    let mut ip = ipv4(TCP, DF, &[0; 20]);
    if let Some(first) = ip.first_mut() {
        *first = 0x4f;
    }
    ip
}

#[cfg(test)]
mod tests;
