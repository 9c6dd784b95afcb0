//! Every map, with its size and why.
use aya_ebpf::bindings::BPF_F_NO_PREALLOC;
use aya_ebpf::macros::map;
use aya_ebpf::maps::{Array, HashMap, PerCpuArray, RingBuf};
use mtutrace_common::Packet;
use mtutrace_common::config::{
    ASKED_SLOTS, BUDGET_SLOTS, DropSite, LIMIT_SLOTS, MAX_DROP_SITES, MAX_LIMITS, MAX_OWNERS, Owner,
    OwnerKey, RING_BYTES, counter,
};

/// Events to user space: 1 MiB holds about 8,000 of them, some seconds of a bad day.
#[map(name = "EVENTS")]
pub static EVENTS: RingBuf = RingBuf::with_byte_size(RING_BYTES, 0);

/// Counters, one set a CPU so that counting never contends.
#[map(name = "COUNTERS")]
pub static COUNTERS: PerCpuArray<u64> = PerCpuArray::with_max_entries(counter::SLOTS, 0);

/// Smallest MTU that a packet coming in by a device could meet, by the low bits of its ifindex (128 KiB: those of the host, then all others), with
/// [`LIMIT_DIFFERS`](mtutrace_common::config::LIMIT_DIFFERS). 0 means that no device with such an index is traced: everything fits.
#[map(name = "LIMITS")]
pub static LIMITS: Array<u32> = Array::with_max_entries(2 * LIMIT_SLOTS, 0);

/// The same for the devices that share a slot with others whose limit is another, by namespace and index: a container must not
/// slow down others by the numbers of its devices.
#[map(name = "DEVICES")]
pub static DEVICES: HashMap<u64, u32> = HashMap::with_max_entries(MAX_LIMITS, BPF_F_NO_PREALLOC);

/// Bridges that stand in for their ports, by namespace and index.
#[map(name = "CHOKEPOINTS")]
pub static CHOKEPOINTS: HashMap<u64, u32> = HashMap::with_max_entries(MAX_OWNERS, BPF_F_NO_PREALLOC);

/// Who is behind which of their ports, by namespace and MAC address. User space fills it: nothing that a container sends
/// takes room here.
#[map(name = "OWNERS")]
pub static OWNERS: HashMap<OwnerKey, Owner> = HashMap::with_max_entries(MAX_OWNERS, BPF_F_NO_PREALLOC);

/// The smallest entry of `LIMITS`, at index 0: retransmits of smaller segments are of no interest.
#[map(name = "SMALLEST")]
pub static SMALLEST: Array<u32> = Array::with_max_entries(1, 0);

/// Text ranges of the functions that free too-big packets without saying so, one table at index 0.
/// A map, because a module may load later.
#[map(name = "DROP_SITES")]
pub static DROP_SITES: Array<[DropSite; MAX_DROP_SITES as usize]> = Array::with_max_entries(1, 0);

/// Which connection asked for a hole last, and when (64 KiB): a lossy one asks for many, over and over.
#[map(name = "ASKED")]
pub static ASKED: Array<Asked> = Array::with_max_entries(ASKED_SLOTS, 0);

/// When a source's next record is due, CLOCK_MONOTONIC nanoseconds, by a hash of signal, device and address (32 KiB).
#[map(name = "SOURCE_DUE")]
pub static SOURCE_DUE: Array<u64> = Array::with_max_entries(BUDGET_SLOTS, 0);

/// The same for all sources of a device together.
#[map(name = "PLACE_DUE")]
pub static PLACE_DUE: Array<u64> = Array::with_max_entries(BUDGET_SLOTS, 0);

/// Where a classifier writes what it parses; bottom halves are off meanwhile, so no other one of this CPU gets between. On
/// the stack it would leave no room for the rest, and the verifier would tell apart all that it may hold.
#[map(name = "PARSED")]
pub static PARSED: PerCpuArray<Packet> = PerCpuArray::with_max_entries(1, 0);

/// A slot of `ASKED`.
#[repr(C)]
pub struct Asked {
    /// CLOCK_MONOTONIC, nanoseconds.
    pub time_ns: u64,
    /// Hash of its addresses and ports.
    pub hash: u64,
}

/// Adds one to a counter of this CPU.
#[inline(always)]
pub fn count(slot: u32) {
    if let Some(value) = COUNTERS.get_ptr_mut(slot) {
        // SAFETY: the map gave the pointer; the slot is this CPU's, and BPF programs are not preempted by
        // others of this CPU that would lose more than a count.
        unsafe { *value += 1 };
    }
}
