//! The TC classifiers: the fast path that every packet takes, and the door to the slow one.
use aya_ebpf::bindings::TC_ACT_UNSPEC;
use aya_ebpf::macros::classifier;
use aya_ebpf::programs::TcContext;
use mtutrace_common::config::{LIMIT_DIFFERS, LIMIT_SLOTS, counter, device_key};
use mtutrace_common::header::ip_flags;

use super::seen::{ETHERNET, Seen, netns};
use super::{fragment, icmp, oversized, sack, syn};
use crate::emit::zero;
use crate::maps::{DEVICES, LIMITS, PARSED, count};
use crate::packet::{self, ETH_P_IP, ETH_P_IPV6, Gso, ICMP, ICMPV6, SYN, Skb, TCP};

/// TCP's data offset (the high four bits of its byte, in words) from which on there are options.
const WITH_OPTIONS: u8 = 0x60;
/// The same when they are timestamps and nothing else.
const WITH_TIMESTAMPS: u8 = 0x80;
/// How those begin: NOP, NOP, kind 8, length 10 (RFC 7323, appendix A).
const TIMESTAMPS: u32 = 0x0101_080au32.to_be();
/// The first slot of limits of the host's devices with Ethernet headers, and of all others.
const OF_HOST: u32 = 0;
const OF_OTHERS: u32 = LIMIT_SLOTS;
/// The headers of a GSO packet that is no plain TCP: a segment that might be too big is measured on the slow path.
const MOST_HEADERS: u32 = 120;
/// TC_ACT_UNSPEC: as if this classifier were not there. Others after it still run, packets are untouched.
const PASS: i32 = TC_ACT_UNSPEC;

// (`inline`: aya's macro wraps each of them, and a call between the two would cost as much as the look at a packet.)

/// Ingress of a device with Ethernet headers in the host's namespace.
#[classifier]
#[inline(always)]
pub fn mtut_in(ctx: TcContext) -> i32 {
    classify::<ETHERNET, true, OF_HOST>(&ctx)
}

/// The same in other namespaces: what containers make there slows down nobody on the host.
#[classifier]
#[inline(always)]
pub fn mtut_in_nested(ctx: TcContext) -> i32 {
    classify::<ETHERNET, true, OF_OTHERS>(&ctx)
}

/// Egress of a device with Ethernet headers.
#[classifier]
#[inline(always)]
pub fn mtut_out(ctx: TcContext) -> i32 {
    classify::<ETHERNET, false, OF_OTHERS>(&ctx)
}

/// Ingress of a device without (IP tunnels, WireGuard, TUN).
#[classifier]
#[inline(always)]
pub fn mtut_in_l3(ctx: TcContext) -> i32 {
    classify::<0, true, OF_OTHERS>(&ctx)
}

/// Egress of a device without.
#[classifier]
#[inline(always)]
pub fn mtut_out_l3(ctx: TcContext) -> i32 {
    classify::<0, false, OF_OTHERS>(&ctx)
}

/// An ordinary packet leaves here after one look-up and a look at its headers.
#[inline(always)]
fn classify<const L2: usize, const INGRESS: bool, const FIRST: u32>(ctx: &TcContext) -> i32 {
    // SAFETY: the kernel hands every TC program a valid `__sk_buff`.
    let skb = unsafe { &*ctx.skb.skb };
    // `protocol` holds a big-endian 16-bit number.
    let protocol = u16::from_be(skb.protocol as u16);
    let start = skb.data as usize + L2;
    let end = skb.data_end as usize;
    let headers = match protocol {
        ETH_P_IP => ipv4_headers(start, end),
        ETH_P_IPV6 => ipv6_headers(start, end),
        _ => return PASS,
    };
    let big = INGRESS && {
        let limit = LIMITS.get(FIRST | skb.ifindex & (LIMIT_SLOTS - 1)).copied().unwrap_or(0);
        let length = match skb.gso_size {
            0 => skb.len.wrapping_sub(L2 as u32),
            payload => payload + headers.unwrap_or(MOST_HEADERS),
        };
        limit != 0
            && length > limit & !LIMIT_DIFFERS
            && (limit & LIMIT_DIFFERS == 0 || exceeds(ctx, skb.ifindex, length))
    };
    if headers.is_none() || big {
        slow(ctx, L2, if protocol == ETH_P_IP { 4 } else { 6 }, INGRESS, big);
    }
    PASS
}

/// Whether it exceeds the limit of this very device, where others of its slot have another; yes if that is not known.
#[inline(always)]
fn exceeds(ctx: &TcContext, ifindex: u32, length: u32) -> bool {
    let key = device_key(netns(ctx), ifindex);
    // SAFETY: entries are whole words, and one that is replaced meanwhile costs a look-up at the FIB.
    unsafe { DEVICES.get(key) }.is_none_or(|limit| length > *limit)
}

/// The bytes of the headers of an ordinary packet, from the IP header on ([`MOST_HEADERS`] if it is not TCP). Nothing for a
/// fragment, an ICMP error, a SYN, unusual TCP options, IP options, or headers that are not in the linear part.
#[inline(always)]
fn ipv4_headers(start: usize, end: usize) -> Option<u32> {
    if start + 28 > end {
        return None;
    }
    let ip = start as *const u8;
    // SAFETY: 28 bytes from `start` were checked against the packet's end, as the verifier demands.
    let (version, fragment, protocol) =
        unsafe { (*ip, u16::from_be(ip.add(6).cast::<u16>().read_unaligned()), *ip.add(9)) };
    if version != 0x45 || fragment & 0x3fff != 0 {
        return None;
    }
    match protocol {
        TCP => Some(20 + tcp_header(start + 20, end)?),
        // SAFETY: within the 28 bytes checked above.
        ICMP if unsafe { *ip.add(20) == 3 && *ip.add(21) == 4 } => None,
        _ => Some(MOST_HEADERS),
    }
}

/// As for IPv4; extension headers pass for payload.
#[inline(always)]
fn ipv6_headers(start: usize, end: usize) -> Option<u32> {
    if start + 48 > end {
        return None;
    }
    let ip = start as *const u8;
    // SAFETY: 48 bytes from `start` were checked against the packet's end.
    match unsafe { *ip.add(6) } {
        TCP => Some(40 + tcp_header(start + 40, end)?),
        // SAFETY: as above.
        ICMPV6 if unsafe { *ip.add(40) == 2 } => None,
        44 => None,
        _ => Some(MOST_HEADERS),
    }
}

/// The bytes of an ordinary segment's header.
#[inline(always)]
fn tcp_header(tcp: usize, end: usize) -> Option<u32> {
    if tcp + 14 > end {
        return None;
    }
    // SAFETY: 14 bytes from `tcp` were checked against the packet's end.
    let [offset, flags] = unsafe { (tcp as *const [u8; 2]).add(6).read() };
    if flags & SYN != 0 || offset >= WITH_OPTIONS && has_unusual_options(tcp, offset, end) {
        return None;
    }
    // In words of four bytes, and in the high half of its byte.
    Some(u32::from(offset >> 4) * 4)
}

/// Anything but timestamps, which most connections have in every segment.
#[inline(always)]
fn has_unusual_options(tcp: usize, offset: u8, end: usize) -> bool {
    if tcp + 24 > end || offset >= WITH_TIMESTAMPS + 0x10 {
        return true;
    }
    // SAFETY: 24 bytes from `tcp` were checked against the packet's end.
    offset < WITH_TIMESTAMPS
        || unsafe { (tcp as *const u8).add(20).cast::<u32>().read_unaligned() } != TIMESTAMPS
}

/// Inlined: on 6.1 the verifier walks a tenth of what it walks when this is a function.
#[inline(always)]
fn slow(ctx: &TcContext, base: usize, version: u8, ingress: bool, big: bool) -> i32 {
    // SAFETY: as in `classify`.
    let skb = unsafe { &*ctx.skb.skb };
    let source = Skb { ctx, base };
    let gso = Gso { size: skb.gso_size as u16, segments: skb.gso_segs as u16 };
    let length = skb.len.wrapping_sub(base as u32);
    let Some(place) = PARSED.get_ptr_mut(0) else { return 0 };
    // SAFETY: the map gave the pointer, and nobody else writes there meanwhile; zeros are a value of it.
    let packet = unsafe {
        zero(place);
        &mut *place
    };
    let Some(transport) = packet::parse(&source, 0, version, length, gso, packet) else { return 0 };
    let seen = Seen { source, packet, transport, ifindex: skb.ifindex, ingress };
    if big {
        count(counter::SLOW_PATH);
        oversized::check(&seen);
    }
    if seen.packet.ip_flags & ip_flags::LATER_FRAGMENT != 0 {
        count(counter::LATER_FRAGMENTS);
        return 0;
    }
    if seen.packet.ip_flags & ip_flags::MF != 0 {
        fragment::report(&seen);
    }
    match seen.packet.protocol {
        TCP if seen.packet.tcp_flags & SYN != 0 => syn::report(&seen),
        TCP => sack::report(&seen),
        ICMP | ICMPV6 => icmp::report(&seen),
        _ => {}
    }
    0
}
