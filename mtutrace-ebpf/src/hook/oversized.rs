//! TC ingress: a segment too big for the route that the FIB gives it.
use aya_ebpf::EbpfContext;
use aya_ebpf::bindings::bpf_fib_lookup as FibParameters;
use aya_ebpf::helpers::bpf_fib_lookup;
use aya_log_ebpf::debug;
use mtutrace_common::Signal;
use mtutrace_common::event::OversizedEvent;

use super::seen::Seen;
use crate::emit::{emit, zero};
use crate::packet::TCP;

/// BPF_FIB_LKUP_RET_FRAG_NEEDED (uapi/linux/bpf.h).
const FRAG_NEEDED: i64 = 8;
const AF_INET: u8 = 2;
const AF_INET6: u8 = 10;

/// Asks the kernel's FIB whether the packet fits where it goes. A packet for this host, for another port of the
/// bridge, or for a namespace that does not forward is none of ours; the FIB says so.
#[inline(always)]
pub fn check(seen: &Seen<'_>) {
    let Ok(length) = u16::try_from(seen.packet.length) else { return };
    let (answer, told) = look_up(seen, length);
    if answer != FRAG_NEEDED {
        return;
    }
    // The kernel leaves the device unset when it answers "too big"; an empty packet gets through to it.
    let (_, out) = look_up(seen, 20);
    debug!(seen.source.ctx, "oversized: {} bytes at ifindex {}", seen.packet.length, seen.ifindex);
    emit(Signal::Oversized, seen.origin(), |event: &mut OversizedEvent| {
        event.packet = *seen.packet;
        // Kernels before 5.12 leave the length that was asked where newer ones put the MTU.
        event.mtu = if told.mtu == length { 0 } else { u32::from(told.mtu) };
        event.egress_ifindex = if out.ifindex == seen.ifindex { 0 } else { out.ifindex };
        Some(())
    });
}

/// What the FIB told.
struct Told {
    mtu: u16,
    ifindex: u32,
}

#[inline(always)]
fn look_up(seen: &Seen<'_>, length: u16) -> (i64, Told) {
    let mut place = core::mem::MaybeUninit::<FibParameters>::uninit();
    // SAFETY: a struct of integers and unions of integers, all of it zeroed, and used where it lies.
    let parameters = unsafe {
        zero(place.as_mut_ptr());
        place.assume_init_mut()
    };
    let packet = seen.packet;
    parameters.ifindex = seen.ifindex;
    parameters.l4_protocol = packet.protocol;
    parameters.__bindgen_anon_1.tot_len = length;
    if packet.protocol == TCP {
        parameters.sport = packet.sport.to_be();
        parameters.dport = packet.dport.to_be();
    }
    if packet.family == 4 {
        parameters.family = AF_INET;
        parameters.__bindgen_anon_3.ipv4_src = word(&packet.src, 0);
        parameters.__bindgen_anon_4.ipv4_dst = word(&packet.dst, 0);
    } else {
        parameters.family = AF_INET6;
        parameters.__bindgen_anon_3.ipv6_src = words(&packet.src);
        parameters.__bindgen_anon_4.ipv6_dst = words(&packet.dst);
    }
    // SAFETY: the pointer and the size are those of a live local; the context is this program's.
    let answer =
        unsafe { bpf_fib_lookup(seen.source.ctx.as_ptr(), parameters, size_of::<FibParameters>() as i32, 0) };
    // SAFETY: both members of the union are u16.
    let mtu = unsafe { parameters.__bindgen_anon_1.mtu_result };
    (answer as i64, Told { mtu, ifindex: parameters.ifindex })
}

/// Network byte order in, network byte order out.
#[inline(always)]
fn word(bytes: &[u8; 16], at: usize) -> u32 {
    u32::from_ne_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

#[inline(always)]
fn words(bytes: &[u8; 16]) -> [u32; 4] {
    [word(bytes, 0), word(bytes, 4), word(bytes, 8), word(bytes, 12)]
}
