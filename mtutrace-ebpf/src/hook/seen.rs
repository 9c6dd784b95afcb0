//! A packet at a TC hook, as the hooks that report it need it.
use aya_ebpf::EbpfContext;
use aya_ebpf::programs::TcContext;
use mtutrace_common::header::port::KNOWN;
use mtutrace_common::{HookId, Packet};

use super::fdb;
use crate::budget;
use crate::emit::Origin;
use crate::kernel::SkBuff;
use crate::packet::Skb;

/// Bytes of an Ethernet header, and where its source address is.
pub const ETHERNET: usize = 14;
const SOURCE_MAC: usize = 6;

/// What a hook needs to know of the packet to report it.
pub struct Seen<'a> {
    /// The packet's bytes, counted from its IP header.
    pub source: Skb<'a>,
    /// Its headers.
    pub packet: &'a Packet,
    /// Offset of the transport header from the IP header.
    pub transport: usize,
    /// `skb->ifindex`
    pub ifindex: u32,
    /// Coming in.
    pub ingress: bool,
}

impl Seen<'_> {
    /// Where the record comes from, of this packet or one that it quotes.
    #[inline(always)]
    pub fn origin(&self) -> Origin {
        let (netns, source) = (netns(self.source.ctx), budget::source(&self.packet.src));
        let (ifindex, port) = match source_mac(self) {
            Some(mac) => fdb::port(netns, self.ifindex, mac),
            None => (self.ifindex, KNOWN),
        };
        Origin { hook: self.hook(), netns, ifindex, port, source }
    }

    /// As the event header wants it.
    #[inline(always)]
    pub fn hook(&self) -> HookId {
        if self.ingress { HookId::TcIngress } else { HookId::TcEgress }
    }
}

/// The frame's source MAC address where that tells by which port it came in: six bytes, the first in the lowest bits.
#[inline(always)]
fn source_mac(seen: &Seen<'_>) -> Option<u64> {
    if !seen.ingress || seen.source.base != ETHERNET {
        return None;
    }
    // With the EtherType behind it, so that it is one word.
    let bytes: [u8; 8] = seen.source.ctx.load(SOURCE_MAC).ok()?;
    Some(u64::from_le_bytes(bytes) & 0xffff_ffff_ffff)
}

/// Inode number of the namespace: costs some reads, so it is asked only for a packet that makes an event, or may.
#[inline(always)]
pub fn netns(ctx: &TcContext) -> u32 {
    // At a TC hook the context is the skb itself; `__sk_buff` is only how the verifier shows it.
    SkBuff(ctx.as_ptr().cast()).dev().map_or(0, |dev| dev.netns())
}
