//! Raw tracepoint `skb:kfree_skb`, and what frees no skb: tunnels on bridges, local sends refused with EMSGSIZE.
use crate::{EventHeader, Packet};

/// A packet did not get through because it, or its fragments, were too big or not whole.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
#[repr(C)]
pub struct DropEvent {
    /// `ifindex` is that of `skb->dev`: ingress for IPv4 forwarding, egress for IPv6 forwarding and bridges,
    /// the sender's side for veth.
    pub header: EventHeader,
    /// The packet that died. When the victim is itself an ICMP "too big", the packet quoted in it.
    pub packet: Packet,
    /// Return address of the caller that freed it (kernel text); 0 where nothing was freed.
    pub location: u64,
    /// `enum skb_drop_reason` of the running kernel; 0 where the kernel has none.
    pub reason: u32,
    /// MTU of the route it was to take (`ip_dst_mtu_maybe_forward`); 0 if it had no route.
    pub mtu: u32,
    /// `ifindex` of that route's device; 0 if it had no route.
    pub egress_ifindex: u32,
    /// A [`crate::config::DropCause`].
    pub cause: u32,
    /// 1 when the victim is an ICMP "too big" message, 0 otherwise.
    pub icmp_too_big: u32,
    /// MTU of the device `skb->dev`.
    pub device_mtu: u32,
}

const _: () = assert!(size_of::<DropEvent>() == 112);
