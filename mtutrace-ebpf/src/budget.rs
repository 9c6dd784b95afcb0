//! Who may send a record now: a source that has much to say must not drown out the others. What is left out is counted.
use aya_ebpf::helpers::bpf_ktime_get_ns;
use mtutrace_common::Signal;
use mtutrace_common::config::BUDGET_SLOTS;

use crate::kernel::seed;
use crate::maps::{EVENTS, PLACE_DUE, SOURCE_DUE};
use crate::memory::read;

/// A source address at one device has 100 records a second of each signal, and 200 at once.
const SOURCE: Budget = Budget { gap_ns: 10_000_000, burst_ns: 2_000_000_000 };
/// A device has 500, and 1,000 at once: what a sender of forged addresses can have.
const PLACE: Budget = Budget { gap_ns: 2_000_000, burst_ns: 2_000_000_000 };
/// SYNs are events of ordinary traffic: they have so many times as much (as a shift).
const SYN_SHIFT: u32 = 2;
/// Once the ring is half full bursts are a 32nd (as a shift): there is room for those who have said little.
const TIGHT_SHIFT: u32 = 5;
/// `BPF_RB_AVAIL_DATA` and `BPF_RB_RING_SIZE` (uapi/linux/bpf.h).
const AVAILABLE: u64 = 0;
const SIZE: u64 = 1;

/// A token bucket by the time at which the next one is due (GCRA: ITU-T I.371).
struct Budget {
    gap_ns: u64,
    burst_ns: u64,
}

/// Whether a record of this signal about `source` (a hash of its address) at this device may be sent.
#[inline(never)]
pub fn allows(signal: u32, netns: u32, ifindex: u32, source: u32) -> bool {
    let seed = seed();
    if seed == 0 {
        return true;
    }
    // SAFETY: the helper has no preconditions.
    let now = unsafe { bpf_ktime_get_ns() };
    let fine = if signal == Signal::Syn as u32 { SYN_SHIFT } else { 0 };
    let tight = if EVENTS.query(AVAILABLE) > EVENTS.query(SIZE) / 2 { TIGHT_SHIFT } else { 0 };
    // Seeded, so that nobody can aim at another one's slot.
    let place = mix(mix(seed, u64::from(netns) << 32 | u64::from(ifindex)), u64::from(signal));
    let source = mix(place, u64::from(source));
    let spend = |slot: Option<*mut u64>, budget: Budget| {
        let Some(due) = slot else { return true };
        // SAFETY: the map gave the pointer. CPUs that spend at once cost a record more or less.
        unsafe {
            let start = if *due > now { *due } else { now };
            let allowed = start - now <= budget.burst_ns >> tight;
            if allowed {
                *due = start + (budget.gap_ns >> fine);
            }
            allowed
        }
    };
    spend(SOURCE_DUE.get_ptr_mut(slot(source)), SOURCE) && spend(PLACE_DUE.get_ptr_mut(slot(place)), PLACE)
}

/// A hash of an address, network byte order.
#[inline(always)]
pub fn source(address: &[u8; 16]) -> u32 {
    let word =
        |at: usize| u32::from_ne_bytes([address[at], address[at + 1], address[at + 2], address[at + 3]]);
    (word(0).wrapping_mul(31) ^ word(4)).wrapping_mul(31).wrapping_add(word(8)).wrapping_mul(31) ^ word(12)
}

/// The same of the packet that begins at `ip`.
#[inline(always)]
pub fn source_in(ip: *const u8, version: u8) -> u32 {
    // RFC 791 and RFC 8200: where the headers have the source.
    match version {
        4 => read::<u32>(ip, 12).unwrap_or(0),
        _ => read::<[u8; 16]>(ip, 8).map_or(0, |address| source(&address)),
    }
}

#[inline(always)]
fn slot(hash: u64) -> u32 {
    (hash >> 32) as u32 & (BUDGET_SLOTS - 1)
}

/// One round of splitmix64's finalizer over the two.
#[inline(always)]
fn mix(hash: u64, value: u64) -> u64 {
    let mixed = (hash ^ value).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb)
}
