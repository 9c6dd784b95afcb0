//! ICMP "too big": passing a device (TC), or made by this node (raw tracepoint `icmp_send`).
use aya_ebpf::macros::raw_tracepoint;
use aya_ebpf::programs::RawTracePointContext;
use aya_log_ebpf::debug;
use mtutrace_common::Signal;
use mtutrace_common::event::IcmpEvent;

use super::tc::Seen;
use crate::emit::{emit, header};
use crate::kernel::{Gso, SkBuff};
use crate::packet::{self, Memory};

/// Bytes of an ICMP error before the packet that it quotes.
pub const ERROR_HEADER: usize = 8;

/// Reports the message with the packet that it quotes.
#[inline(always)]
pub fn report(seen: &Seen<'_>) {
    let Some(mtu) = packet::too_big(&seen.source, &seen.packet, seen.transport) else { return };
    debug!(seen.source.ctx, "icmp too big: mtu {} at ifindex {}", mtu, seen.ifindex);
    let message = &seen.packet;
    let at = seen.transport + ERROR_HEADER;
    emit(Signal::IcmpSeen, |event: &mut IcmpEvent| {
        event.header = header(Signal::IcmpSeen, seen.netns(), seen.ifindex, seen.direction());
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
        sent(SkBuff(ctx.arg::<u64>(0) as *const u8));
    }
    0
}

#[inline(always)]
fn sent(skb: SkBuff) {
    emit(Signal::IcmpSent, |event: &mut IcmpEvent| {
        let (address, length) = skb.network()?;
        packet::parse(&Memory(address), 0, 4, length, skb.gso(), &mut event.packet)?;
        let (netns, ifindex) = skb.dev().map_or((0, 0), |dev| (dev.netns(), dev.ifindex()));
        event.header = header(Signal::IcmpSent, netns, ifindex, 0);
        event.to = event.packet.src;
        event.mtu = skb.way_out().mtu;
        Some(())
    });
}
