//! Raw tracepoint `tcp:tcp_retransmit_skb(sk, skb, …)`.
use aya_ebpf::macros::raw_tracepoint;
use aya_ebpf::programs::RawTracePointContext;
use mtutrace_common::event::RetransmitEvent;
use mtutrace_common::{HookId, Packet, Signal};

use crate::budget;
use crate::emit::{Origin, emit};
use crate::kernel::SkBuff;
use crate::kernel::socket::{sock, tcp_full_size, tcp_headers, tcp_timeouts};
use crate::maps::SMALLEST;
use crate::packet::TCP;

/// So many timeouts in a row are more than loss: the first comes 0.2 s after the segment, the second 0.4 s later (RFC 6298
/// on Linux).
const TIMEOUTS: u8 = 2;

/// Reports the retransmit of a segment that some device of this node could not take, or of a full-size one again and again.
/// Ordinary loss stays out.
#[raw_tracepoint(tracepoint = "tcp_retransmit_skb")]
pub fn mtut_retrans(ctx: RawTracePointContext) -> i32 {
    let (sk, skb): (u64, u64) = (ctx.arg(0), ctx.arg(1));
    report(sk as *const u8, SkBuff(skb as *const u8));
    0
}

#[inline(always)]
fn report(sk: *const u8, skb: SkBuff) -> Option<()> {
    let smallest = SMALLEST.get(0).copied().unwrap_or(0);
    let gso = skb.gso();
    // On the retransmit queue an skb holds payload only: the headers are made anew for each transmission.
    let payload = if gso.size != 0 { u32::from(gso.size) } else { skb.len() };
    let sock = sock(sk)?;
    let length = payload + tcp_headers(sk, sock.family);
    let timeouts = stuck(sk, payload).unwrap_or(0);
    if timeouts == 0 && (smallest == 0 || length <= smallest) {
        return None;
    }
    let hook = HookId::TcpRetransmit;
    let origin = Origin::new(hook, sock.netns, 0, budget::source(&sock.local));
    emit(Signal::Retransmit, origin, |event: &mut RetransmitEvent| {
        event.packet = Packet {
            src: sock.local,
            dst: sock.remote,
            sport: sock.local_port,
            dport: sock.remote_port,
            family: sock.family,
            protocol: TCP,
            length,
            gso_segments: gso.segments,
            ..Packet::default()
        };
        event.timeouts = timeouts;
        Some(())
    });
    Some(())
}

/// How often in a row a full-size segment timed out, if that is more than once.
#[inline(always)]
fn stuck(sk: *const u8, payload: u32) -> Option<u32> {
    let timeouts = tcp_timeouts(sk)?;
    if timeouts < TIMEOUTS || payload < tcp_full_size(sk)? { None } else { Some(u32::from(timeouts)) }
}
