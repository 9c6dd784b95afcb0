//! The only place that reads kernel structs. Offsets come from the running kernel's BTF at load time.
use aya_ebpf::helpers::bpf_probe_read_kernel;
use mtutrace_common::config::{DropCause, DropSite, MAX_DROP_SITES, Reasons};
use mtutrace_common::offsets::Offsets;

use crate::maps::DROP_SITES;
use crate::packet::{ETH_P_IP, ETH_P_IPV6};

/// Set by the loader before load, constant to the verifier from then on.
#[unsafe(no_mangle)]
static OFFSETS: Offsets = Offsets::NONE;

/// Set by the loader before load.
#[unsafe(no_mangle)]
pub static REASONS: Reasons =
    Reasons { has_reason: 0, pkt_too_big: 0, not_specified: 0, netfilter_drop: 0, reassembly_timeout: 0 };

/// The offset of one field.
macro_rules! offset {
    ($field:ident) => {
        // SAFETY: a valid static; volatile, because the loader rewrites it behind the compiler's back.
        unsafe { core::ptr::read_volatile(&raw const $crate::kernel::OFFSETS.$field) as usize }
    };
}

/// One of the drop reasons.
macro_rules! reason {
    ($field:ident) => {
        // SAFETY: as for `offset!`.
        unsafe { core::ptr::read_volatile(&raw const $crate::kernel::REASONS.$field) }
    };
}
pub(crate) use reason;

/// RTAX_MTU - 1: its place in a table of route metrics (uapi/linux/rtnetlink.h).
const METRIC_MTU: usize = 1;

mod flow;
mod fragmentation;
pub mod socket;

pub use flow::{flowi4_ends, flowi6_ends};

/// Reads a bitfield of up to 31 bits, given its offset in bits.
#[inline(always)]
fn read_bits(base: *const u8, offset: usize) -> Option<u32> {
    if offset >= UNKNOWN {
        return None;
    }
    let word: u32 = read(base, offset / 32 * 4)?;
    Some(word >> (offset % 32))
}

/// An offset from here on means that this kernel has no such field.
const UNKNOWN: usize = Offsets::UNKNOWN as usize;

/// Reads a field; a bad address gives an error, never a fault, and a field that the kernel lacks gives nothing.
#[inline(always)]
pub fn read<T: Copy>(base: *const u8, offset: usize) -> Option<T> {
    if offset >= UNKNOWN {
        return None;
    }
    // SAFETY: the helper checks the address itself; T is an integer or an array of integers.
    unsafe { bpf_probe_read_kernel(base.wrapping_add(offset).cast::<T>()) }.ok()
}

/// `struct sk_buff *`
#[derive(Clone, Copy)]
pub struct SkBuff(pub *const u8);

/// `struct net_device *`
#[derive(Clone, Copy)]
pub struct NetDevice(*const u8);

/// A packet's way out, as the route that it carries tells.
#[derive(Clone, Copy, Default)]
pub struct WayOut {
    /// Bytes at L3; 0 if there is no route.
    pub mtu: u32,
    /// Device of the route; 0 if there is no route.
    pub ifindex: u32,
}

/// What `skb_shared_info` says of segmentation.
#[derive(Clone, Copy, Default)]
pub struct Gso {
    /// Payload bytes of a segment; 0 for an ordinary packet.
    pub size: u16,
    /// Number of segments; may be 0 for packets of untrusted origin.
    pub segments: u16,
}

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

    /// The route of a forwarded packet, with the MTU that `ip_dst_mtu_maybe_forward` gives it:
    /// the route's own metric, else the device's.
    #[inline(always)]
    pub fn way_out(self) -> WayOut {
        self.dst().map_or(WayOut::default(), Dst::way_out)
    }

    /// The route that it carries.
    #[inline(always)]
    pub fn dst(self) -> Option<Dst> {
        // The lowest bit (SKB_DST_NOREF) is not part of the address.
        let dst = (read::<u64>(self.0, offset!(skb_refdst))? & !1) as *const u8;
        if dst.is_null() { None } else { Some(Dst(dst)) }
    }
}

/// `struct dst_entry *`, which every kind of route starts with (`rtable.dst`, `rt6_info.dst`).
#[derive(Clone, Copy)]
pub struct Dst(pub *const u8);

impl Dst {
    /// See [`SkBuff::way_out`].
    #[inline(always)]
    pub fn way_out(self) -> WayOut {
        let dst = self.0;
        let Some(dev) = self.dev() else { return WayOut::default() };
        // The two lowest bits (DST_METRICS_FLAGS) are not part of the address.
        let metrics = (read::<u64>(dst, offset!(dst_metrics)).unwrap_or(0) & !3) as *const u8;
        let metric = if metrics.is_null() { 0 } else { read::<u32>(metrics, METRIC_MTU * 4).unwrap_or(0) };
        WayOut { mtu: if metric != 0 { metric } else { dev.mtu() }, ifindex: dev.ifindex() }
    }

    /// `dst->dev`
    #[inline(always)]
    pub fn dev(self) -> Option<NetDevice> {
        NetDevice::behind(self.0, offset!(dst_dev))
    }
}

impl NetDevice {
    #[inline(always)]
    fn behind(base: *const u8, offset: usize) -> Option<NetDevice> {
        let dev: *const u8 = read(base, offset)?;
        if dev.is_null() { None } else { Some(NetDevice(dev)) }
    }

    /// `dev->ifindex`
    #[inline(always)]
    pub fn ifindex(self) -> u32 {
        read(self.0, offset!(dev_ifindex)).unwrap_or(0)
    }

    /// `dev->mtu`
    #[inline(always)]
    pub fn mtu(self) -> u32 {
        read(self.0, offset!(dev_mtu)).unwrap_or(0)
    }

    /// Inode number of the device's namespace.
    #[inline(always)]
    pub fn netns(self) -> u32 {
        netns(read(self.0, offset!(dev_net)))
    }
}

/// `nhc->nhc_dev`, of a `struct fib_nh_common *`.
#[inline(always)]
pub fn nexthop_dev(nexthop: *const u8) -> Option<NetDevice> {
    NetDevice::behind(nexthop, offset!(nhc_dev))
}

/// `net->ns.inum`
#[inline(always)]
pub fn netns(net: Option<*const u8>) -> u32 {
    match net {
        Some(net) if !net.is_null() => read(net, offset!(net_inum)).unwrap_or(0),
        _ => 0,
    }
}

/// Which of the watched functions holds this address.
#[inline(always)]
pub fn drop_site(location: u64) -> Option<u32> {
    let sites: &[DropSite; MAX_DROP_SITES as usize] = DROP_SITES.get(0)?;
    for site in sites {
        if site.start == 0 {
            return None;
        }
        if location >= site.start && location < site.end {
            return Some(site.cause);
        }
    }
    None
}

/// `DropCause` by number, for comparisons.
#[inline(always)]
pub const fn cause(cause: DropCause) -> u32 {
    cause as u32
}
