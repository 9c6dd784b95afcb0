//! `struct dst_entry`.
use super::device::NetDevice;
use crate::memory::read;

/// RTAX_MTU - 1: its place in a table of route metrics (uapi/linux/rtnetlink.h).
const METRIC_MTU: usize = 1;

/// Where a route leads.
#[derive(Clone, Copy, Default)]
pub struct Egress {
    /// Bytes at L3; 0 if there is no route.
    pub mtu: u32,
    /// Device of the route; 0 if there is no route.
    pub ifindex: u32,
}

/// `struct dst_entry *`, which every kind of route starts with (`rtable.dst`, `rt6_info.dst`).
#[derive(Clone, Copy)]
pub struct Dst(pub *const u8);

impl Dst {
    /// Its device, and the MTU that `ip_dst_mtu_maybe_forward` gives it: the route's own metric, else the device's.
    #[inline(always)]
    pub fn egress(self) -> Egress {
        let dst = self.0;
        let Some(dev) = self.dev() else { return Egress::default() };
        // The two lowest bits (DST_METRICS_FLAGS) are not part of the address.
        let metrics = (read::<u64>(dst, offset!(dst_metrics)).unwrap_or(0) & !3) as *const u8;
        let metric = if metrics.is_null() { 0 } else { read::<u32>(metrics, METRIC_MTU * 4).unwrap_or(0) };
        Egress { mtu: if metric != 0 { metric } else { dev.mtu() }, ifindex: dev.ifindex() }
    }

    /// `dst->dev`
    #[inline(always)]
    pub fn dev(self) -> Option<NetDevice> {
        NetDevice::behind(self.0, offset!(dst_dev))
    }
}
