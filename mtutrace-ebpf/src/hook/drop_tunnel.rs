//! A tunnel that is a port of a bridge turns a too-big packet into its own ICMP error: nothing is freed or sent.
use aya_ebpf::macros::kprobe;
use aya_ebpf::programs::ProbeContext;
use mtutrace_common::config::DropCause;
use mtutrace_common::event::DropEvent;
use mtutrace_common::header::ip_flags;
use mtutrace_common::{HookId, Signal};

use crate::budget;
use crate::emit::{Origin, blank_packet, emit};
use crate::kernel::{Dst, SkBuff, cause};
use crate::packet::{self, Memory};

/// `skb_tunnel_check_pmtu(skb, encap_dst, headroom, reply)`. Without `reply` the packet goes on, to be fragmented or
/// refused when it has its outer header.
#[kprobe]
pub fn mtut_tunnel(ctx: ProbeContext) -> u32 {
    if let (Some(skb), Some(dst), Some(headroom), Some(reply)) =
        (ctx.arg(0), ctx.arg(1), ctx.arg::<u32>(2), ctx.arg::<u32>(3))
        && reply & 0xff != 0
    {
        report(SkBuff(skb), Dst(dst), headroom);
    }
    0
}

/// Judged before room is asked for, as in `drop`.
#[inline(always)]
fn report(skb: SkBuff, underlay: Dst, headroom: u32) -> Option<()> {
    let (address, length) = skb.network()?;
    blank_packet!(packet);
    packet::parse(&Memory(address), 0, skb.version()?, length, skb.gso(), packet)?;
    let mtu = underlay.egress().mtu.wrapping_sub(headroom);
    // iptunnel_pmtud_check_icmp answers nothing that may be fragmented.
    if packet.length <= mtu || packet.ip_flags & ip_flags::DF == 0 {
        return None;
    }
    let dev = skb.dev()?;
    let (netns, ifindex, source) = (dev.netns(), dev.ifindex(), budget::source(&packet.src));
    let origin = Origin::new(HookId::TunnelCheckPmtu, netns, ifindex, source);
    emit(Signal::Drop, origin, |event: &mut DropEvent| {
        event.packet = *packet;
        event.mtu = mtu;
        event.device_mtu = dev.mtu();
        event.cause = cause(DropCause::Tunnel);
        Some(())
    });
    Some(())
}
