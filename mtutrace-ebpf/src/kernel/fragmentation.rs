//! The size that fragments are made for.
use super::skb::SkBuff;
use crate::memory::{read, read_bits};

impl SkBuff {
    /// As `ip_do_fragment` takes it: the cached path MTU, the route's or the device's MTU, or the size of the largest
    /// fragment that the packet was put together from. 0 if it carries no route.
    #[inline(always)]
    pub fn fragment_limit4(self) -> u32 {
        let Some(dst) = self.dst() else { return 0 };
        let cached = read_bits(dst.0, offset!(rtable_pmtu)).unwrap_or(0);
        let received: u16 = read(self.0, offset!(skb_cb) + offset!(cb_frag_max_size)).unwrap_or(0);
        smaller(smaller(dst.egress().mtu, cached), u32::from(received))
    }

    /// As `ip6_fragment` takes it, where a cached path MTU is a route of its own.
    #[inline(always)]
    pub fn fragment_limit6(self) -> u32 {
        let Some(dst) = self.dst() else { return 0 };
        let received: u16 = read(self.0, offset!(skb_cb) + offset!(cb6_frag_max_size)).unwrap_or(0);
        smaller(dst.egress().mtu, u32::from(received))
    }

    /// `skb->ignore_df`: it may be fragmented although it says, or its family says, that it must not be.
    #[inline(always)]
    pub fn ignores_df(self) -> bool {
        read_bits(self.0, offset!(skb_ignore_df)).unwrap_or(0) & 1 != 0
    }
}

/// `limit`, or `other` if that is known and smaller.
#[inline(always)]
fn smaller(limit: u32, other: u32) -> u32 {
    if other != 0 && other < limit { other } else { limit }
}
