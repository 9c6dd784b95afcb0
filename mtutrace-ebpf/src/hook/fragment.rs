//! Fragments: a first one passes (TC), or this node makes them (kprobes).
use aya_ebpf::macros::kprobe;
use aya_ebpf::programs::ProbeContext;
use mtutrace_common::event::FragmentEvent;
use mtutrace_common::{HookId, Signal};

use super::seen::Seen;
use crate::budget;
use crate::emit::{Origin, emit};
use crate::kernel::{SkBuff, netns};
use crate::packet::{self, Gso, Memory};

/// Reports a first fragment; the later ones of the packet are only counted.
#[inline(always)]
pub fn report(seen: &Seen<'_>) {
    emit(Signal::Fragmented, seen.origin(), |event: &mut FragmentEvent| {
        event.packet = *seen.packet;
        Some(())
    });
}

/// `ip_do_fragment(net, sk, skb, output)`. It is also called for what fits (the last segment of a GSO packet).
#[kprobe]
pub fn mtut_frag4(ctx: ProbeContext) -> u32 {
    if let (Some(net), Some(skb)) = (ctx.arg(0), ctx.arg(2)) {
        let skb = SkBuff(skb);
        made(net, skb, 4, HookId::IpDoFragment, skb.fragment_limit4());
    }
    0
}

/// `ip6_fragment(net, sk, skb, output)`. It refuses what must not be fragmented; that packet is freed there.
#[kprobe]
pub fn mtut_frag6(ctx: ProbeContext) -> u32 {
    if let (Some(net), Some(skb)) = (ctx.arg(0), ctx.arg(2)) {
        let skb = SkBuff(skb);
        if skb.ignores_df() {
            made(net, skb, 6, HookId::Ip6Fragment, skb.fragment_limit6());
        }
    }
    0
}

#[inline(always)]
fn made(net: *const u8, skb: SkBuff, version: u8, hook: HookId, mtu: u32) {
    let Some((address, length)) = skb.network() else { return };
    if length <= mtu {
        return;
    }
    let (netns, ifindex) = (netns(Some(net)), skb.egress().ifindex);
    let origin = Origin::new(hook, netns, ifindex, budget::source_in(address, version));
    emit(Signal::Fragmented, origin, |event: &mut FragmentEvent| {
        packet::parse(&Memory(address), 0, version, length, Gso::default(), &mut event.packet)?;
        event.mtu = mtu;
        Some(())
    });
}
