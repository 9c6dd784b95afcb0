//! A packet at a TC hook, as the hooks that report it need it.
use aya_ebpf::EbpfContext;
use mtutrace_common::{HookId, Packet};

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
    /// Inode number of the namespace: costs some reads, so it is asked only for a packet that makes an event.
    #[inline(always)]
    pub fn netns(&self) -> u32 {
        // At a TC hook the context is the skb itself; `__sk_buff` is only how the verifier shows it.
        SkBuff(self.source.ctx.as_ptr().cast()).dev().map_or(0, |dev| dev.netns())
    }

    /// As the event header wants it.
    #[inline(always)]
    pub fn hook(&self) -> HookId {
        if self.ingress { HookId::TcIngress } else { HookId::TcEgress }
    }
}
