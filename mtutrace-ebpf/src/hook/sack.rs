//! TC: a TCP receiver asks for a hole in what came (RFC 2018).
use aya_ebpf::helpers::bpf_ktime_get_ns;
use mtutrace_common::config::ASKED_SLOTS;
use mtutrace_common::event::SackEvent;
use mtutrace_common::{Packet, Signal};

use super::options;
use super::seen::Seen;
use crate::emit::emit;
use crate::maps::ASKED;
use crate::packet::Source;

/// The option's kind, and its least length: one block.
const SACK: u8 = 5;
const ONE_BLOCK: usize = 10;
/// Most blocks that fit into the 40 bytes of options.
const MAX_BLOCKS: usize = 4;
/// A smaller hole is no full-size segment: 576 bytes is the least that IPv4 hosts take (RFC 791), 40 of them headers.
const SMALLEST_HOLE: u32 = 536;
/// One connection's requests are told no more often than this.
const SAME_NS: u64 = 20_000_000;
/// Nor are those of different connections that share a slot.
const OTHER_NS: u64 = 1_000_000;

/// Reports the segment if it is an ACK without data that asks for a hole of at least one full segment. A block that lies
/// before the acknowledgement tells of a duplicate (RFC 2883), not of a hole.
#[inline(always)]
pub fn report(seen: &Seen<'_>) {
    let packet = seen.packet;
    let Some(end) = options::end(seen) else { return };
    if packet.gso_segments != 0 || packet.length as usize != end {
        return;
    }
    let (hole, largest) = blocks(seen, packet.ack, end);
    if hole < SMALLEST_HOLE || hole == u32::MAX || !is_news(packet) {
        return;
    }
    emit(Signal::SackHole, seen.origin(), |event: &mut SackEvent| {
        event.packet = *packet;
        event.left = packet.ack.wrapping_add(hole);
        event.largest = largest;
        Some(())
    });
}

/// Bytes from the acknowledgement to the nearest block (`u32::MAX` without one), and of the largest block.
#[inline(always)]
fn blocks(seen: &Seen<'_>, ack: u32, end: usize) -> (u32, u32) {
    let (mut hole, mut largest) = (u32::MAX, 0);
    let Some(at) = options::find(seen, end, SACK, ONE_BLOCK) else { return (hole, largest) };
    let Some(length) = seen.source.get::<u8>(at + 1) else { return (hole, largest) };
    for n in 0..MAX_BLOCKS {
        if 2 + 8 * (n + 1) > usize::from(length) {
            break;
        }
        let Some([left, right]) = seen.source.get::<[u32; 2]>(at + 2 + 8 * n) else { break };
        let (left, right) = (u32::from_be(left), u32::from_be(right));
        let distance = left.wrapping_sub(ack);
        if distance == 0 || distance > i32::MAX as u32 {
            continue;
        }
        hole = if distance < hole { distance } else { hole };
        let size = right.wrapping_sub(left);
        largest = if size > largest { size } else { largest };
    }
    (hole, largest)
}

/// Whether it is time to tell of this connection again.
#[inline(always)]
pub fn is_news(packet: &Packet) -> bool {
    let hash = hash(packet);
    let Some(slot) = ASKED.get_ptr_mut(hash as u32 & (ASKED_SLOTS - 1)) else { return false };
    // SAFETY: the helper has no preconditions; the map gave the pointer. CPUs that write at once cost a record more or
    // less.
    unsafe {
        let now = bpf_ktime_get_ns();
        let gap = if (*slot).hash == hash { SAME_NS } else { OTHER_NS };
        if now.wrapping_sub((*slot).time_ns) < gap {
            return false;
        }
        (*slot).hash = hash;
        (*slot).time_ns = now;
    }
    true
}

/// FNV-1a over words instead of bytes: good enough to spread connections over slots.
#[inline(always)]
fn hash(packet: &Packet) -> u64 {
    const PRIME: u64 = 0x0000_0100_0000_01b3;
    let word = |bytes: &[u8; 16], at: usize| {
        u64::from(u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]))
    };
    let mut hash = 0xcbf2_9ce4_8422_2325u64 ^ (u64::from(packet.sport) << 16 | u64::from(packet.dport));
    for at in [0, 4, 8, 12] {
        hash = hash.wrapping_mul(PRIME) ^ word(&packet.src, at);
        hash = hash.wrapping_mul(PRIME) ^ word(&packet.dst, at);
    }
    hash ^= hash >> 29;
    hash
}
