//! `struct sk_buff`.
use super::device::NetDevice;
use super::route::{Dst, Egress};
use crate::memory::read;
use crate::packet::{ETH_P_IP, ETH_P_IPV6, Gso};

/// `struct sk_buff *`
#[derive(Clone, Copy)]
pub struct SkBuff(pub *const u8);

impl SkBuff {
    /// `skb->dev`
    #[inline(always)]
    pub fn dev(self) -> Option<NetDevice> {
        NetDevice::behind(self.0, offset!(skb_dev))
    }

    /// IP version of the packet, by `skb->protocol`; nothing for others.
    #[inline(always)]
    pub fn version(self) -> Option<u8> {
        match u16::from_be(read(self.0, offset!(skb_protocol))?) {
            ETH_P_IP => Some(4),
            ETH_P_IPV6 => Some(6),
            _ => None,
        }
    }

    /// Address of the network header, and the packet's length from there.
    #[inline(always)]
    pub fn network(self) -> Option<(*const u8, u32)> {
        let head: *const u8 = read(self.0, offset!(skb_head))?;
        let data: *const u8 = read(self.0, offset!(skb_data))?;
        let network: u16 = read(self.0, offset!(skb_network_header))?;
        let len: u32 = read(self.0, offset!(skb_len))?;
        let header = head.wrapping_add(usize::from(network));
        // `len` counts from `data`, which may stand before (Ethernet pushed) or after (TCP layer) the header.
        let length = (data as u64).wrapping_add(u64::from(len)).wrapping_sub(header as u64);
        if length > 1 << 20 { None } else { Some((header, length as u32)) }
    }

    /// `skb->len`
    #[inline(always)]
    pub fn len(self) -> u32 {
        read(self.0, offset!(skb_len)).unwrap_or(0)
    }

    /// `skb_shinfo(skb)->gso_size` and `gso_segs`; on 64-bit kernels `end` is an offset from `head`.
    #[inline(always)]
    pub fn gso(self) -> Gso {
        let Some(head) = read::<*const u8>(self.0, offset!(skb_head)) else { return Gso::default() };
        let Some(end) = read::<u32>(self.0, offset!(skb_end)) else { return Gso::default() };
        let info = head.wrapping_add(end as usize);
        Gso {
            size: read(info, offset!(shinfo_gso_size)).unwrap_or(0),
            segments: read(info, offset!(shinfo_gso_segs)).unwrap_or(0),
        }
    }

    /// Where the route leads that a forwarded packet carries.
    #[inline(always)]
    pub fn egress(self) -> Egress {
        self.dst().map_or(Egress::default(), Dst::egress)
    }

    /// The route that it carries.
    #[inline(always)]
    pub fn dst(self) -> Option<Dst> {
        // The lowest bit (SKB_DST_NOREF) is not part of the address.
        let dst = (read::<u64>(self.0, offset!(skb_refdst))? & !1) as *const u8;
        if dst.is_null() { None } else { Some(Dst(dst)) }
    }
}
