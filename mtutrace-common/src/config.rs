//! What the loader tells the kernel side: drop reasons of the running kernel, addresses to watch, limits.
use crate::list::list;

/// `enum skb_drop_reason` values of the running kernel; 0 where it has no such reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
#[repr(C)]
pub struct Reasons {
    /// 1 when `kfree_skb` has a third argument, the reason (5.17 and later).
    pub has_reason: u32,
    /// `SKB_DROP_REASON_PKT_TOO_BIG`
    pub pkt_too_big: u32,
    /// `SKB_DROP_REASON_NOT_SPECIFIED`
    pub not_specified: u32,
    /// `SKB_DROP_REASON_NETFILTER_DROP`
    pub netfilter_drop: u32,
    /// `SKB_DROP_REASON_FRAG_REASM_TIMEOUT`
    pub reassembly_timeout: u32,
    /// `SKB_DROP_REASON_TCP_CSUM`
    pub tcp_checksum: u32,
    /// `SKB_DROP_REASON_UDP_CSUM`
    pub udp_checksum: u32,
}

impl Reasons {
    /// A kernel without drop reasons.
    pub const NONE: Reasons = Reasons {
        has_reason: 0,
        pkt_too_big: 0,
        not_specified: 0,
        netfilter_drop: 0,
        reassembly_timeout: 0,
        tcp_checksum: 0,
        udp_checksum: 0,
    };
}

/// Most address ranges of [`DropSite`] that the kernel side looks through.
pub const MAX_DROP_SITES: u32 = 24;

/// Text range of one kernel function that frees too-big packets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
#[repr(C)]
pub struct DropSite {
    /// First address; 0 ends the table.
    pub start: u64,
    /// First address after the function.
    pub end: u64,
    /// A [`DropCause`].
    pub cause: u32,
    /// Zero.
    pub padding: u32,
}

const _: () = assert!(size_of::<DropSite>() == 24);

list! {
    /// Where a packet died. `frag_failed` and `reassembly_failed` are reported as signals of their own.
    DropCause: u32 {
        /// `ip_forward`, `ip6_forward`: the router found DF (or IPv6) and a smaller MTU ahead.
        Forward = "forward_df",
        /// `ip_local_error`, `ipv6_local_error`: a local socket was refused with EMSGSIZE.
        Local = "local_df",
        /// `br_dev_queue_push_xmit`, `br_nf_dev_queue_xmit`: the bridge's port is smaller.
        BridgePort = "bridge_port",
        /// `__dev_forward_skb2`, `__dev_forward_skb`: the other end of the veth is smaller.
        VethPeer = "veth_peer",
        /// `ip_tunnel_xmit` and its like.
        Tunnel = "tunnel",
        /// By its reason alone.
        Other = "other",
        /// A firewall dropped the ICMP message that would have told the sender.
        IcmpFiltered = "icmp_filtered",
        /// A firewall dropped a fragment.
        FragmentFiltered = "fragment_filtered",
        /// `ip_fragment`, `ip6_fragment`: it was to be fragmented after routing, and could not be.
        FragFailed = "frag_failed",
        /// `ip_expire`, `ip6_frag_expire`: the rest of the fragments did not come in time.
        Reassembly = "reassembly_failed",
        /// By its reason alone: a large packet came all the way, and its checksum is wrong.
        Checksum = "checksum",
    }
}

/// Slots of each half of the table of limits: the first is for devices with Ethernet headers in the host's namespace, the second for
/// all others. An `ifindex` falls into the slot of its low bits; devices that share a slot
/// (in several namespaces, or by chance) share the smallest of their limits, and [`LIMIT_DIFFERS`] says that another table
/// tells them apart.
pub const LIMIT_SLOTS: u32 = 16_384;

/// In a slot: its devices have different limits.
pub const LIMIT_DIFFERS: u32 = 1 << 31;

/// Most devices that are told apart; those beyond have the smallest limit of their slot, which costs a look-up, never an event.
pub const MAX_LIMITS: u32 = 16_384;

/// The key of a device in that table.
pub const fn device_key(netns: u32, ifindex: u32) -> u64 {
    (netns as u64) << 32 | ifindex as u64
}

/// What a chokepoint knows of a container behind one of its bridge's ports; the value of [`OwnerKey`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
#[repr(C)]
pub struct Owner {
    /// `ifindex` of the port that it is behind.
    pub port: u32,
    /// `ifindex` of the port behind which the bridge has seen its address last.
    pub at: u32,
    /// CLOCK_MONOTONIC nanoseconds when the bridge last saw its address behind another port; 0 for never.
    pub moved_ns: u64,
}

/// A source MAC address as a bridge of some namespace sees it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
#[repr(C)]
pub struct OwnerKey {
    /// Inode number of the namespace.
    pub netns: u64,
    /// The address's six bytes, the first in the lowest bits.
    pub mac: u64,
}

impl OwnerKey {
    /// Of an address in the namespace with this inode number.
    pub const fn new(netns: u32, mac: [u8; 6]) -> OwnerKey {
        let [a, b, c, d, e, f] = mac;
        OwnerKey { netns: netns as u64, mac: u64::from_le_bytes([a, b, c, d, e, f, 0, 0]) }
    }
}

/// Most MAC addresses that chokepoints know, and most chokepoints: what finds no room keeps classifiers on its port.
pub const MAX_OWNERS: u32 = 16_384;

/// How long a MAC address that was seen behind two ports tells nothing, in nanoseconds.
pub const CONTESTED_NS: u64 = 10_000_000_000;

/// Slots of the table that remembers for which hole a connection asked last, by the low bits of a hash.
pub const ASKED_SLOTS: u32 = 4096;

/// Slots of each of the two tables that say when whose next record is due, by the low bits of a hash.
pub const BUDGET_SLOTS: u32 = 4096;

/// Slots of the per-CPU counters: one a signal, then these.
pub mod counter {
    /// Events that the ring buffer could not take.
    pub const LOST: u32 = 0;
    /// Later fragments that passed (they make no event of their own).
    pub const LATER_FRAGMENTS: u32 = 16;
    /// Packets that went the slow way because they were larger than the limit of their device.
    pub const SLOW_PATH: u32 = 17;
    /// The first of as many slots as there are signals, by their numbers: records that were left out, because their source had
    /// sent enough.
    pub const LEFT_OUT: u32 = 18;
    /// Number of slots. Slots 1 to 15 count the records of each [`crate::Signal`]: sent, lost or left out.
    pub const SLOTS: u32 = LEFT_OUT + 16;
}

/// Bytes of the ring buffer that carries events.
pub const RING_BYTES: u32 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_is_the_lowest() {
        let key = OwnerKey::new(7, [2, 0x42, 0xac, 0x11, 0, 3]);
        assert_eq!(key, OwnerKey { netns: 7, mac: 0x0300_11ac_4202 });
    }
}
