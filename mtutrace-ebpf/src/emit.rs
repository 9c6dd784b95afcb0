//! Sends a record, or counts it as lost.
use aya_ebpf::helpers::bpf_ktime_get_ns;
use mtutrace_common::config::counter;
use mtutrace_common::header::port::KNOWN;
use mtutrace_common::{ABI_VERSION, EventHeader, HookId, Signal};

use crate::budget;
use crate::maps::{EVENTS, count};

/// Where a record comes from.
pub struct Origin {
    /// Who saw it.
    pub hook: HookId,
    /// Inode number of the namespace, 0 if unknown.
    pub netns: u32,
    /// The device, 0 without one.
    pub ifindex: u32,
    /// What is known of the port ([`mtutrace_common::header::port`]).
    pub port: u16,
    /// Hash of the address that the packet came from.
    pub source: u32,
}

impl Origin {
    /// Where no port is to be told apart.
    #[inline(always)]
    pub fn new(hook: HookId, netns: u32, ifindex: u32, source: u32) -> Origin {
        Origin { hook, netns, ifindex, port: KNOWN, source }
    }
}

/// Lets `fill` write a record where it will be read from (the stack is too small for copies), and sends it. `fill` starts
/// from zeros and the header; when it returns nothing the record is given back. A full ring is counted, and so is what is over
/// the source's budget.
#[inline(always)]
pub fn emit<T: 'static>(signal: Signal, origin: Origin, fill: impl FnOnce(&mut T) -> Option<()>) {
    let Origin { hook, netns, ifindex, port, source } = origin;
    if !budget::allows(signal as u32, netns, ifindex, source) {
        count(signal as u32);
        count(counter::LEFT_OUT + signal as u32);
        return;
    }
    let Some(mut entry) = EVENTS.reserve::<T>(0) else {
        count(signal as u32);
        count(counter::LOST);
        return;
    };
    let place = entry.as_mut_ptr();
    // SAFETY: the ring reserved room for a T, 8-byte aligned; every record type is integers only, so zeros are
    // a value of it, begins with a header (`records!`), and the reference ends before the entry is submitted. The helper has no
    // preconditions.
    let filled = unsafe {
        zero(place);
        let time_ns = bpf_ktime_get_ns();
        let (abi, kind, hook) = (ABI_VERSION, signal as u16, hook as u16);
        *place.cast::<EventHeader>() = EventHeader { abi, kind, ifindex, time_ns, netns, hook, port };
        fill(&mut *place)
    };
    if filled.is_some() {
        count(signal as u32);
        entry.submit(0);
    } else {
        entry.discard(0);
    }
}

/// Writes zeros, word by word and unrolled. `write_bytes` would become a call of `memset`, whose loop over bytes the
/// verifier walks on every path, and whose frame is one too many for the stack on kernels before 6.5.
///
/// # Safety
/// `place` must be writable and aligned for a T.
#[inline(always)]
pub unsafe fn zero<T>(place: *mut T) {
    if align_of::<T>() >= 8 {
        // SAFETY: the caller's promise.
        unsafe { zero_words::<T, u64>(place, 0) }
    } else {
        // SAFETY: the caller's promise; a smaller alignment is refused below.
        unsafe { zero_words::<T, u32>(place, 0) }
    }
}

/// A `&mut Packet` of zeros on the stack: `Packet::default()` would be a call of `memset`, as above.
macro_rules! blank_packet {
    ($name:ident) => {
        let mut place = core::mem::MaybeUninit::<mtutrace_common::Packet>::uninit();
        // SAFETY: a struct of integers, all of it zeroed, and used where it lies.
        let $name = unsafe {
            $crate::emit::zero(place.as_mut_ptr());
            place.assume_init_mut()
        };
    };
}
pub(crate) use blank_packet;

#[inline(always)]
unsafe fn zero_words<T, W: Copy>(place: *mut T, zero: W) {
    const { assert!(align_of::<T>() >= 4 && size_of::<T>().is_multiple_of(4), "made of whole words") };
    let words = place.cast::<W>();
    let mut at = 0;
    while at < size_of::<T>() / size_of::<W>() {
        // SAFETY: within the T; volatile, or the compiler would recognize a memset after all.
        unsafe { words.add(at).write_volatile(zero) };
        at += 1;
    }
}
