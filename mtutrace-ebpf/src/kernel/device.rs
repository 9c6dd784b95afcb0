//! `struct net_device` and `struct net`.
use crate::memory::read;

/// `struct net_device *`
#[derive(Clone, Copy)]
pub struct NetDevice(*const u8);

impl NetDevice {
    /// The device that a field of another struct points to.
    #[inline(always)]
    pub fn behind(base: *const u8, offset: usize) -> Option<NetDevice> {
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

/// `port->dev`, of a `struct net_bridge_port *`.
#[inline(always)]
pub fn port_device(port: *const u8) -> Option<NetDevice> {
    NetDevice::behind(port, offset!(port_dev))
}

/// `net->ns.inum`
#[inline(always)]
pub fn netns(net: Option<*const u8>) -> u32 {
    match net {
        Some(net) if !net.is_null() => read(net, offset!(net_inum)).unwrap_or(0),
        _ => 0,
    }
}
