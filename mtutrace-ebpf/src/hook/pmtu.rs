//! The path MTU cache takes a smaller value (kprobes).
use aya_ebpf::macros::kprobe;
use aya_ebpf::programs::ProbeContext;
use mtutrace_common::event::PmtuEvent;
use mtutrace_common::{HookId, Signal};

use crate::emit::{Origin, emit};
use crate::kernel::socket::sock;
use crate::kernel::{Dst, NetDevice, flowi4_ends, nexthop_dev};
use crate::memory::read;

/// Where `struct ipv6hdr` has its destination (RFC 8200 §3).
const IPV6_DESTINATION: usize = 24;

/// `update_or_create_fnhe(nhc, daddr, gw, pmtu, lock, expires)`: IPv4's exceptions. A redirect comes with pmtu 0.
#[kprobe]
pub fn mtut_pmtu4(ctx: ProbeContext) -> u32 {
    if let (Some(nexthop), Some(daddr), Some(mtu)) = (ctx.arg(0), ctx.arg::<u32>(1), ctx.arg::<u32>(3))
        && mtu != 0
    {
        let mut dst = [0; 16];
        dst[..4].copy_from_slice(&daddr.to_ne_bytes());
        report(HookId::UpdateFnhe, nexthop_dev(nexthop), 4, dst, mtu);
    }
    0
}

/// `__ip_rt_update_pmtu(rt, fl4, mtu)`, where the former is inlined. It ignores what is no smaller.
#[kprobe]
pub fn mtut_pmtu4_rt(ctx: ProbeContext) -> u32 {
    if let (Some(route), Some(flow), Some(mtu)) = (ctx.arg(0), ctx.arg(1), ctx.arg::<u32>(2))
        && let Some((_, dst)) = flowi4_ends(flow)
        && mtu < Dst(route).egress().mtu
    {
        report(HookId::IpRtUpdatePmtu, Dst(route).dev(), 4, dst, mtu);
    }
    0
}

/// `__ip6_rt_update_pmtu(dst, sk, iph, mtu, confirm_neigh)`. It ignores what is no smaller.
#[kprobe]
pub fn mtut_pmtu6(ctx: ProbeContext) -> u32 {
    if let (Some(route), Some(sk), Some(ip), Some(mtu)) =
        (ctx.arg(0), ctx.arg::<*const u8>(1), ctx.arg::<*const u8>(2), ctx.arg::<u32>(3))
        && mtu < Dst(route).egress().mtu
    {
        let dst = if ip.is_null() { sock(sk).map(|sock| sock.remote) } else { read(ip, IPV6_DESTINATION) };
        report(HookId::Ip6RtUpdatePmtu, Dst(route).dev(), 6, dst.unwrap_or([0; 16]), mtu);
    }
    0
}

#[inline(always)]
fn report(hook: HookId, dev: Option<NetDevice>, family: u8, dst: [u8; 16], mtu: u32) {
    let Some(dev) = dev else { return };
    // Nobody sent it. (A hash of `dst` is more than the verifier of 5.10 and 6.1 can follow here.)
    let origin = Origin::new(hook, dev.netns(), dev.ifindex(), 0);
    emit(Signal::PmtuUpdated, origin, |event: &mut PmtuEvent| {
        event.packet.family = family;
        event.packet.dst = dst;
        event.mtu = mtu;
        Some(())
    });
}
