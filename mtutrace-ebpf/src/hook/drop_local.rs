//! Local sends refused with EMSGSIZE: no packet is made, so none is freed.
use aya_ebpf::macros::{kprobe, raw_tracepoint};
use aya_ebpf::programs::{ProbeContext, RawTracePointContext};
use mtutrace_common::config::DropCause;
use mtutrace_common::event::DropEvent;
use mtutrace_common::header::ip_flags;
use mtutrace_common::{HookId, Signal};

use crate::budget;
use crate::emit::{Origin, emit};
use crate::kernel::socket::{Sock, sock, sock4};
use crate::kernel::{cause, flowi6_ends};

const EMSGSIZE: i32 = 90;

/// `ip_local_error(sk, err, daddr, port, info)`; `info` is the MTU.
#[kprobe]
pub fn mtut_lerr4(ctx: ProbeContext) -> u32 {
    if ctx.arg::<i32>(1) == Some(EMSGSIZE)
        && let (Some(sk), Some(daddr), Some(port), Some(mtu)) =
            (ctx.arg(0), ctx.arg::<u32>(2), ctx.arg::<u16>(3), ctx.arg::<u32>(4))
    {
        let mut dst = [0; 16];
        dst[..4].copy_from_slice(&daddr.to_ne_bytes());
        report(HookId::IpLocalError, sock4(sk), Some((dst, u16::from_be(port))), mtu);
    }
    0
}

/// `ipv6_local_error(sk, err, fl6, info)`; `info` is the MTU.
#[kprobe]
pub fn mtut_lerr6(ctx: ProbeContext) -> u32 {
    if ctx.arg::<i32>(1) == Some(EMSGSIZE)
        && let (Some(sk), Some(flow), Some(mtu)) = (ctx.arg(0), ctx.arg(2), ctx.arg::<u32>(3))
    {
        report(HookId::Ipv6LocalError, sock(sk), flowi6_ends(flow).map(|(_, dst)| (dst, 0)), mtu);
    }
    0
}

/// `sock_send_length(sk, ret, flags)`: what a send returned (6.3 and later). Every send of the node comes here.
#[raw_tracepoint(tracepoint = "sock_send_length")]
pub fn mtut_sendlen(ctx: RawTracePointContext) -> i32 {
    if ctx.arg::<u64>(1) as i32 == -EMSGSIZE {
        report(HookId::SockSendLength, sock(ctx.arg::<u64>(0) as *const u8), None, 0);
    }
    0
}

/// `to`: address and port, host byte order, where the hook knows better than the socket (which may not be connected).
#[inline(always)]
fn report(hook: HookId, sock: Option<Sock>, to: Option<([u8; 16], u16)>, mtu: u32) {
    let Some(sock) = sock else { return };
    let origin = Origin::new(hook, sock.netns, 0, budget::source(&sock.local));
    emit(Signal::Drop, origin, |event: &mut DropEvent| {
        let packet = &mut event.packet;
        packet.family = sock.family;
        packet.protocol = sock.protocol;
        packet.ip_flags = ip_flags::DF;
        packet.src = sock.local;
        packet.sport = sock.local_port;
        (packet.dst, packet.dport) = match to {
            Some((dst, 0)) => (dst, sock.remote_port),
            Some(to) => to,
            None => (sock.remote, sock.remote_port),
        };
        event.mtu = mtu;
        event.cause = cause(DropCause::Local);
        Some(())
    });
}
