//! Header parsing, bounded, from two sources: a TC packet (`bpf_skb_load_bytes`) and kernel memory.
use aya_ebpf::programs::TcContext;
use mtutrace_common::Packet;
use mtutrace_common::header::ip_flags;

use crate::memory::read;

/// EtherType of IPv4.
pub const ETH_P_IP: u16 = 0x0800;
/// EtherType of IPv6.
pub const ETH_P_IPV6: u16 = 0x86dd;
/// IP protocol numbers.
pub const ICMP: u8 = 1;
/// TCP.
pub const TCP: u8 = 6;
/// UDP.
pub const UDP: u8 = 17;
/// ICMPv6.
pub const ICMPV6: u8 = 58;
/// IPv6 fragment header.
const FRAGMENT_HEADER: u8 = 44;
/// SYN bit of the TCP flags.
pub const SYN: u8 = 0x02;
/// Bytes of an ICMP error before the packet that it quotes.
pub const ICMP_HEADER: usize = 8;

/// What `skb_shared_info` says of segmentation.
#[derive(Clone, Copy, Default)]
pub struct Gso {
    /// Payload bytes of a segment; 0 for an ordinary packet.
    pub size: u16,
    /// Number of segments; may be 0 for packets of untrusted origin.
    pub segments: u16,
}

/// Where header bytes come from. Offsets count from the IP header.
pub trait Source {
    /// Reads `T` at `offset`, or nothing when the packet ends before.
    fn get<T: Copy>(&self, offset: usize) -> Option<T>;
}

/// A packet at a TC hook; `base` is the length of its link-layer header.
pub struct Skb<'a> {
    /// The hook's context.
    pub ctx: &'a TcContext,
    /// Where the IP header starts.
    pub base: usize,
}

impl Source for Skb<'_> {
    #[inline(always)]
    fn get<T: Copy>(&self, offset: usize) -> Option<T> {
        self.ctx.load(self.base + offset).ok()
    }
}

/// A packet in kernel memory, from its IP header on.
pub struct Memory(pub *const u8);

impl Source for Memory {
    #[inline(always)]
    fn get<T: Copy>(&self, offset: usize) -> Option<T> {
        read(self.0, offset)
    }
}

/// Parses the IP header at `at` and the ports behind it into `packet`, and returns the offset of the transport
/// header from the IP header. `length` is the packet's L3 length; 0 takes it from the header itself (for packets
/// quoted in ICMP errors).
#[inline(always)]
pub fn parse<S: Source>(
    source: &S,
    at: usize,
    version: u8,
    length: u32,
    gso: Gso,
    packet: &mut Packet,
) -> Option<usize> {
    packet.family = version;
    packet.length = length;
    let transport = if version == 4 { ipv4(source, at, packet)? } else { ipv6(source, at, packet)? };
    if packet.ip_flags & ip_flags::LATER_FRAGMENT == 0 {
        ports(source, at + transport, transport, gso, packet);
    }
    Some(transport)
}

/// Whether the packet at offset 0 is a fragment of another.
#[inline(always)]
pub fn is_fragment<S: Source>(source: &S, version: u8) -> bool {
    if version == 4 {
        u16::from_be(source.get(6).unwrap_or(0)) & 0x3fff != 0
    } else {
        source.get::<u8>(6) == Some(FRAGMENT_HEADER)
    }
}

#[inline(always)]
fn ipv4<S: Source>(source: &S, at: usize, packet: &mut Packet) -> Option<usize> {
    let first: u8 = source.get(at)?;
    let header = usize::from(first & 0x0f) * 4;
    if first >> 4 != 4 || header < 20 {
        return None;
    }
    if packet.length == 0 {
        packet.length = u32::from(u16::from_be(source.get(at + 2)?));
    }
    packet.ip_id = u16::from_be(source.get(at + 4)?);
    let fragment = u16::from_be(source.get(at + 6)?);
    packet.ip_flags = fragment_flags(fragment & 0x4000 != 0, fragment & 0x2000 != 0, fragment & 0x1fff != 0);
    packet.protocol = source.get(at + 9)?;
    let src: [u8; 4] = source.get(at + 12)?;
    let dst: [u8; 4] = source.get(at + 16)?;
    packet.src[..4].copy_from_slice(&src);
    packet.dst[..4].copy_from_slice(&dst);
    Some(header)
}

#[inline(always)]
fn ipv6<S: Source>(source: &S, at: usize, packet: &mut Packet) -> Option<usize> {
    let first: u8 = source.get(at)?;
    if first >> 4 != 6 {
        return None;
    }
    if packet.length == 0 {
        packet.length = 40 + u32::from(u16::from_be(source.get(at + 4)?));
    }
    packet.protocol = source.get(at + 6)?;
    packet.src = source.get(at + 8)?;
    packet.dst = source.get(at + 24)?;
    packet.ip_flags = ip_flags::DF;
    // One level of extension header is what PMTU work needs; others leave the ports unknown.
    if packet.protocol != FRAGMENT_HEADER {
        return Some(40);
    }
    let fragment = u16::from_be(source.get(at + 42)?);
    packet.ip_flags = fragment_flags(false, fragment & 1 != 0, fragment & 0xfff8 != 0);
    packet.ip_id = u16::from_be(source.get(at + 46)?);
    packet.protocol = source.get(at + 40)?;
    Some(48)
}

#[inline(always)]
fn fragment_flags(df: bool, mf: bool, later: bool) -> u8 {
    let mut flags = 0;
    if df {
        flags |= ip_flags::DF;
    }
    if mf {
        flags |= ip_flags::MF;
    }
    if later {
        flags |= ip_flags::LATER_FRAGMENT;
    }
    flags
}

/// Ports, TCP numbers, and the L3 length of one segment of a GSO packet. What is not there stays 0: the quote
/// in an ICMP error may hold no more than 8 bytes of it (RFC 792).
#[inline(always)]
fn ports<S: Source>(source: &S, at: usize, l3_header: usize, gso: Gso, packet: &mut Packet) {
    if packet.protocol != TCP && packet.protocol != UDP {
        return;
    }
    packet.sport = u16::from_be(source.get(at).unwrap_or(0));
    packet.dport = u16::from_be(source.get(at + 2).unwrap_or(0));
    let mut header = 8;
    if packet.protocol == TCP {
        packet.seq = u32::from_be(source.get(at + 4).unwrap_or(0));
        packet.ack = u32::from_be(source.get(at + 8).unwrap_or(0));
        let offset: u8 = source.get(at + 12).unwrap_or(0x50);
        packet.tcp_flags = source.get(at + 13).unwrap_or(0);
        header = u32::from(offset >> 4) * 4;
    }
    // 0xFFFF is GSO_BY_FRAGS: sizes are per fragment and unknown here.
    if gso.size != 0 && gso.size != 0xffff {
        packet.length = l3_header as u32 + header + u32::from(gso.size);
        packet.gso_segments = if gso.segments == 0 { 1 } else { gso.segments };
    }
}

/// Whether the message at the transport header says "too big", and the MTU that it tells.
#[inline(always)]
pub fn too_big<S: Source>(source: &S, packet: &Packet, transport: usize) -> Option<u32> {
    let kind: [u8; 2] = match (packet.family, packet.protocol) {
        // The other family's ICMP is no message of this one.
        (4, ICMP) | (6, ICMPV6) => source.get(transport)?,
        _ => return None,
    };
    match (packet.family, kind) {
        // RFC 1191 §4: the low 16 bits of the second word.
        (4, [3, 4]) => Some(u32::from(u16::from_be(source.get(transport + 6)?))),
        // RFC 4443 §3.2: the whole second word.
        (6, [2, _]) => Some(u32::from_be(source.get(transport + 4)?)),
        _ => None,
    }
}
