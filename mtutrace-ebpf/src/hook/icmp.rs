//! ICMP "too big": passing a device (TC), or made by this node (kprobes, else raw tracepoint `icmp_send`).
use aya_ebpf::macros::{kprobe, raw_tracepoint};
use aya_ebpf::programs::{ProbeContext, RawTracePointContext};
use aya_log_ebpf::debug;
use mtutrace_common::event::IcmpEvent;
use mtutrace_common::{HookId, Signal};

use super::seen::Seen;
use crate::budget;
use crate::emit::{Origin, emit};
use crate::kernel::SkBuff;
use crate::packet::{self, Gso, ICMP_HEADER, Memory};

/// Reports the message with the packet that it quotes.
#[inline(always)]
pub fn report(seen: &Seen<'_>) {
    let Some(mtu) = packet::too_big(&seen.source, seen.packet, seen.transport) else { return };
    debug!(seen.source.ctx, "icmp too big: mtu {} at ifindex {}", mtu, seen.ifindex);
    let message = seen.packet;
    let at = seen.transport + ICMP_HEADER;
    emit(Signal::IcmpSeen, seen.origin(), |event: &mut IcmpEvent| {
        packet::parse(&seen.source, at, message.family, 0, Gso::default(), &mut event.packet)?;
        event.from = message.src;
        event.to = message.dst;
        event.mtu = mtu;
        event.message_id = u32::from(message.ip_id);
        Some(())
    });
}

/// `icmp:icmp_send(skb, type, code)`: the skb is the offending packet, before netfilter sees the answer.
#[raw_tracepoint(tracepoint = "icmp_send")]
pub fn mtut_icmp(ctx: RawTracePointContext) -> i32 {
    let (kind, code): (u64, u64) = (ctx.arg(1), ctx.arg(2));
    if kind as u32 == 3 && code as u32 == 4 {
        let skb = SkBuff(ctx.arg::<u64>(0) as *const u8);
        sent(skb, HookId::IcmpSendTracepoint, 4, skb.egress().mtu);
    }
    0
}

/// `__icmp_send(skb, type, code, info, …)`; `info` is the MTU, big-endian.
#[kprobe]
pub fn mtut_icmp4(ctx: ProbeContext) -> u32 {
    if let (Some(skb), Some(kind), Some(code), Some(mtu)) =
        (ctx.arg(0), ctx.arg::<u32>(1), ctx.arg::<u32>(2), ctx.arg::<u32>(3))
        && kind == 3
        && code == 4
    {
        sent(SkBuff(skb), HookId::IcmpSend, 4, u32::from_be(mtu));
    }
    0
}

/// `icmp6_send(skb, type, code, info, …)`; `info` is the MTU.
#[kprobe]
pub fn mtut_icmp6(ctx: ProbeContext) -> u32 {
    if let (Some(skb), Some(kind), Some(mtu)) = (ctx.arg(0), ctx.arg::<u32>(1), ctx.arg::<u32>(3))
        && kind & 0xff == 2
    {
        sent(SkBuff(skb), HookId::Icmp6Send, 6, mtu);
    }
    0
}

#[inline(always)]
fn sent(skb: SkBuff, hook: HookId, version: u8, mtu: u32) {
    let Some((address, length)) = skb.network() else { return };
    let (netns, ifindex) = skb.dev().map_or((0, 0), |dev| (dev.netns(), dev.ifindex()));
    let origin = Origin::new(hook, netns, ifindex, budget::source_in(address, version));
    emit(Signal::IcmpSent, origin, |event: &mut IcmpEvent| {
        packet::parse(&Memory(address), 0, version, length, skb.gso(), &mut event.packet)?;
        event.to = event.packet.src;
        event.mtu = mtu;
        Some(())
    });
}
