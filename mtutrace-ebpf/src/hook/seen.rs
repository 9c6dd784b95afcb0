//! A packet at a TC hook, as the hooks that report it need it.
use aya_ebpf::EbpfContext;
use aya_ebpf::programs::TcContext;
use mtutrace_common::{HookId, Packet};

use crate::budget;
use crate::emit::Origin;
use crate::kernel::SkBuff;
use crate::packet::Skb;

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
        let source = budget::source(&self.packet.src);
        Origin { hook: self.hook(), netns: netns(self.source.ctx), ifindex: self.ifindex, source }
    }

    /// As the event header wants it.
    #[inline(always)]
    pub fn hook(&self) -> HookId {
        if self.ingress { HookId::TcIngress } else { HookId::TcEgress }
    }
}

/// Inode number of the namespace: costs some reads, so it is asked only for a packet that makes an event, or may.
#[inline(always)]
pub fn netns(ctx: &TcContext) -> u32 {
    // At a TC hook the context is the skb itself; `__sk_buff` is only how the verifier shows it.
    SkBuff(ctx.as_ptr().cast()).dev().map_or(0, |dev| dev.netns())
}
