//! Raw tracepoint `skb:kfree_skb(skb, location[, reason[, rx_sk]])`: drops because too big.
use aya_ebpf::macros::raw_tracepoint;
use aya_ebpf::programs::RawTracePointContext;
use aya_log_ebpf::debug;
use mtutrace_common::config::DropCause;
use mtutrace_common::event::DropEvent;
use mtutrace_common::{HookId, Signal};

use super::sack::is_news;
use crate::budget;
use crate::emit::{Origin, blank_packet, emit};
use crate::kernel::{Dst, SkBuff, cause, drop_site, reason};
use crate::memory::read;
use crate::packet::{self, Gso, ICMP, ICMP_HEADER, ICMPV6, Memory};

/// Bytes at L3 that every host takes (RFC 791): a packet no larger says nothing about MTUs.
const LARGE: u32 = 576;

/// Most drops of a node have other reasons: they leave after one or two comparisons.
#[raw_tracepoint(tracepoint = "kfree_skb")]
#[inline(always)]
pub fn mtut_kfree(ctx: RawTracePointContext) -> i32 {
    let (skb, location): (u64, u64) = (ctx.arg(0), ctx.arg(1));
    let skb = SkBuff(skb as *const u8);
    if reason!(has_reason) == 0 {
        at_site(&ctx, skb, location, 0);
        return 0;
    }
    let why = ctx.arg::<u64>(2) as u32;
    if why == reason!(pkt_too_big) && why != 0 {
        let site = drop_site(location).unwrap_or(cause(DropCause::Other));
        report(&ctx, skb, location, why, site);
    } else if why == reason!(not_specified) || why == reason!(reassembly_timeout) && why != 0 {
        at_site(&ctx, skb, location, why);
    } else if why == reason!(netfilter_drop) && why != 0 {
        filtered(skb, location, why);
    } else if (why == reason!(tcp_checksum) || why == reason!(udp_checksum)) && why != 0 {
        damaged(skb, location, why);
    }
    0
}

/// A drop whose reason says nothing, or not enough: its place does.
#[inline(always)]
fn at_site(ctx: &RawTracePointContext, skb: SkBuff, location: u64, reason: u32) {
    match drop_site(location) {
        None => {}
        // Before 5.17 a firewall's drop has no reason either.
        Some(site) if site == cause(DropCause::IcmpFiltered) => {
            filtered(skb, location, reason);
        }
        Some(site) => {
            report(ctx, skb, location, reason, site);
        }
    }
}

/// Judged before room is asked for: what turns out to be another drop must not count as lost when the ring is full.
#[inline(always)]
fn report(ctx: &RawTracePointContext, skb: SkBuff, location: u64, reason: u32, site: u32) -> Option<()> {
    let (address, length) = skb.network()?;
    blank_packet!(packet);
    packet::parse(&Memory(address), 0, skb.version()?, length, skb.gso(), packet)?;
    let (out, length) = (skb.egress(), packet.length);
    // The same functions free packets for other reasons too; only a veth's other end is out of sight here.
    let too_big = reason == reason!(pkt_too_big) && reason != 0
        || site == cause(DropCause::VethPeer)
        || site == cause(DropCause::Reassembly)
        || site == cause(DropCause::BridgePort) && length > skb.dev().map_or(0, |dev| dev.mtu())
        || out.mtu != 0 && length > out.mtu;
    if !too_big {
        return None;
    }
    debug!(ctx, "drop: {} bytes, mtu {}, cause {}", length, out.mtu, site);
    emit(Signal::Drop, origin(skb, budget::source(&packet.src)), |event: &mut DropEvent| {
        event.packet = *packet;
        describe(event, skb, location, reason, site);
        if site == cause(DropCause::Reassembly) {
            // It was to go nowhere but to this host.
            (event.mtu, event.egress_ifindex) = (0, 0);
        }
        Some(())
    });
    Some(())
}

/// A firewall's victim is of interest when it is the message that would have told the sender, or a fragment.
#[inline(always)]
fn filtered(skb: SkBuff, location: u64, reason: u32) -> Option<()> {
    let version = skb.version()?;
    let (address, length) = skb.network()?;
    let memory = Memory(address);
    let protocol: u8 = read(address, if version == 4 { 9 } else { 6 })?;
    if packet::is_fragment(&memory, version) {
        let origin = firewall(skb, budget::source_in(address, version));
        emit(Signal::Drop, origin, |event: &mut DropEvent| {
            packet::parse(&memory, 0, version, length, Gso::default(), &mut event.packet)?;
            describe(event, skb, location, reason, cause(DropCause::FragmentFiltered));
            Some(())
        });
        return Some(());
    }
    if protocol != ICMP && protocol != ICMPV6 {
        return None;
    }
    blank_packet!(message);
    let transport = packet::parse(&memory, 0, version, length, Gso::default(), message)?;
    let told = packet::too_big(&memory, message, transport)?;
    emit(Signal::Drop, firewall(skb, budget::source(&message.src)), |event: &mut DropEvent| {
        packet::parse(&memory, transport + ICMP_HEADER, version, 0, Gso::default(), &mut event.packet)?;
        event.icmp_too_big = 1;
        describe(event, skb, location, reason, cause(DropCause::IcmpFiltered));
        // The route is that of the message; its news is what counts.
        (event.mtu, event.egress_ifindex) = (told, 0);
        Some(())
    });
    Some(())
}

/// A large packet that came, and is thrown away for its checksum: what is small may be damaged by chance.
#[inline(always)]
fn damaged(skb: SkBuff, location: u64, reason: u32) -> Option<()> {
    let (address, length) = skb.network()?;
    if length <= LARGE {
        return None;
    }
    blank_packet!(packet);
    packet::parse(&Memory(address), 0, skb.version()?, length, skb.gso(), packet)?;
    if !is_news(packet) {
        return None;
    }
    let mut origin = origin(skb, budget::source(&packet.src));
    if origin.netns == 0 {
        // TCP forgets the device once it has found the socket (tcp_v4_rcv, tcp_v6_rcv); the route leads to this host's lo.
        origin.netns = skb.dst().and_then(Dst::dev).map_or(0, |dev| dev.netns());
    }
    emit(Signal::Drop, origin, |event: &mut DropEvent| {
        event.packet = *packet;
        describe(event, skb, location, reason, cause(DropCause::Checksum));
        // It had arrived.
        (event.mtu, event.egress_ifindex) = (0, 0);
        Some(())
    });
    Some(())
}

/// Where it died.
#[inline(always)]
fn origin(skb: SkBuff, source: u32) -> Origin {
    let (netns, ifindex) = skb.dev().map_or((0, 0), |dev| (dev.netns(), dev.ifindex()));
    Origin::new(HookId::KfreeSkb, netns, ifindex, source)
}

/// The same of what a firewall drops: a packet that this host makes has no device yet where its own firewall sees it
/// (`__ip_local_out`, `ip6_local_out`), but a route.
#[inline(always)]
fn firewall(skb: SkBuff, source: u32) -> Origin {
    let dev = match skb.dev() {
        Some(dev) => Some(dev),
        None => skb.dst().and_then(|dst| dst.dev()),
    };
    let (netns, ifindex) = dev.map_or((0, 0), |dev| (dev.netns(), dev.ifindex()));
    Origin::new(HookId::KfreeSkb, netns, ifindex, source)
}

/// All but the header and the packet.
#[inline(always)]
fn describe(event: &mut DropEvent, skb: SkBuff, location: u64, reason: u32, cause: u32) {
    let out = skb.egress();
    event.location = location;
    event.reason = reason;
    event.mtu = out.mtu;
    event.egress_ifindex = out.ifindex;
    event.cause = cause;
    event.device_mtu = skb.dev().map_or(0, |dev| dev.mtu());
}
