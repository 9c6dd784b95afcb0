//! What the loader tells the kernel side: struct offsets of the running kernel, addresses to watch, limits.

/// Byte offsets of the kernel fields that the hooks read, resolved by name from the running kernel's BTF.
///
/// [`Offsets::UNKNOWN`] marks a field that this kernel lacks; the loader then leaves out the hooks that need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "user", derive(bytemuck::Pod, bytemuck::Zeroable))]
#[repr(C)]
pub struct Offsets {
    /// `sk_buff.len`
    pub skb_len: u32,
    /// `sk_buff.head`
    pub skb_head: u32,
    /// `sk_buff.end` (an offset from `head` on 64-bit kernels)
    pub skb_end: u32,
    /// `sk_buff.data`
    pub skb_data: u32,
    /// `sk_buff.dev`
    pub skb_dev: u32,
    /// `sk_buff.protocol` (big-endian EtherType)
    pub skb_protocol: u32,
    /// `sk_buff.network_header` (offset from `head`)
    pub skb_network_header: u32,
    /// `sk_buff._skb_refdst`
    pub skb_refdst: u32,
    /// `skb_shared_info.gso_size`
    pub shinfo_gso_size: u32,
    /// `skb_shared_info.gso_segs`
    pub shinfo_gso_segs: u32,
    /// `net_device.ifindex`
    pub dev_ifindex: u32,
    /// `net_device.mtu`
    pub dev_mtu: u32,
    /// `net_device.nd_net.net`
    pub dev_net: u32,
    /// `net.ns.inum`
    pub net_inum: u32,
    /// `dst_entry.dev`
    pub dst_dev: u32,
    /// `dst_entry._metrics`
    pub dst_metrics: u32,
    /// `sock.__sk_common.skc_net.net`
    pub sock_net: u32,
    /// `sock.__sk_common.skc_family`
    pub sock_family: u32,
    /// `sock.__sk_common.skc_num` (local port, host byte order)
    pub sock_num: u32,
    /// `sock.__sk_common.skc_dport` (big-endian)
    pub sock_dport: u32,
    /// `sock.__sk_common.skc_daddr`
    pub sock_daddr: u32,
    /// `sock.__sk_common.skc_rcv_saddr`
    pub sock_saddr: u32,
    /// `sock.__sk_common.skc_v6_daddr`
    pub sock_daddr6: u32,
    /// `sock.__sk_common.skc_v6_rcv_saddr`
    pub sock_saddr6: u32,
    /// `sock.sk_protocol` (16 bits)
    pub sock_protocol: u32,
    /// `sk_buff.cb`
    pub skb_cb: u32,
    /// `inet_skb_parm.frag_max_size` (in `sk_buff.cb`)
    pub cb_frag_max_size: u32,
    /// `inet6_skb_parm.frag_max_size` (in `sk_buff.cb`)
    pub cb6_frag_max_size: u32,
    /// `sk_buff.ignore_df`: in **bits**, as for every bitfield
    pub skb_ignore_df: u32,
    /// `rtable.rt_pmtu`: in **bits**
    pub rtable_pmtu: u32,
    /// `fib_nh_common.nhc_dev`
    pub nhc_dev: u32,
    /// `flowi4.saddr`
    pub flowi4_saddr: u32,
    /// `flowi4.daddr`
    pub flowi4_daddr: u32,
    /// `flowi6.saddr`
    pub flowi6_saddr: u32,
    /// `flowi6.daddr`
    pub flowi6_daddr: u32,
}

impl Offsets {
    /// A field that the running kernel does not have.
    pub const UNKNOWN: u32 = u32::MAX;
    /// All fields unknown.
    pub const NONE: Offsets = Offsets {
        skb_len: u32::MAX,
        skb_head: u32::MAX,
        skb_end: u32::MAX,
        skb_data: u32::MAX,
        skb_dev: u32::MAX,
        skb_protocol: u32::MAX,
        skb_network_header: u32::MAX,
        skb_refdst: u32::MAX,
        shinfo_gso_size: u32::MAX,
        shinfo_gso_segs: u32::MAX,
        dev_ifindex: u32::MAX,
        dev_mtu: u32::MAX,
        dev_net: u32::MAX,
        net_inum: u32::MAX,
        dst_dev: u32::MAX,
        dst_metrics: u32::MAX,
        sock_net: u32::MAX,
        sock_family: u32::MAX,
        sock_num: u32::MAX,
        sock_dport: u32::MAX,
        sock_daddr: u32::MAX,
        sock_saddr: u32::MAX,
        sock_daddr6: u32::MAX,
        sock_saddr6: u32::MAX,
        sock_protocol: u32::MAX,
        skb_cb: u32::MAX,
        cb_frag_max_size: u32::MAX,
        cb6_frag_max_size: u32::MAX,
        skb_ignore_df: u32::MAX,
        rtable_pmtu: u32::MAX,
        nhc_dev: u32::MAX,
        flowi4_saddr: u32::MAX,
        flowi4_daddr: u32::MAX,
        flowi6_saddr: u32::MAX,
        flowi6_daddr: u32::MAX,
    };
}

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

/// Where a packet died.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum DropCause {
    /// `ip_forward`, `ip6_forward`: the router found DF (or IPv6) and a smaller MTU ahead.
    Forward = 1,
    /// `ip_fragment`, `ip6_fragment`: it was to be fragmented after routing, and could not be.
    FragFailed = 2,
    /// `br_dev_queue_push_xmit`, `br_nf_dev_queue_xmit`: the bridge's port is smaller.
    BridgePort = 3,
    /// `__dev_forward_skb2`, `__dev_forward_skb`: the other end of the veth is smaller.
    VethPeer = 4,
    /// `ip_tunnel_xmit` and its like.
    Tunnel = 5,
    /// By its reason alone.
    Other = 6,
    /// A firewall dropped the ICMP message that would have told the sender.
    IcmpFiltered = 7,
    /// `ip_local_error`, `ipv6_local_error`: a local socket was refused with EMSGSIZE.
    Local = 8,
    /// `ip_expire`, `ip6_frag_expire`: the rest of the fragments did not come in time.
    Reassembly = 9,
    /// A firewall dropped a fragment.
    FragmentFiltered = 10,
}

impl DropCause {
    /// All causes, in the order of their numbers, which start at 1.
    pub const ALL: [DropCause; 10] = [
        DropCause::Forward,
        DropCause::FragFailed,
        DropCause::BridgePort,
        DropCause::VethPeer,
        DropCause::Tunnel,
        DropCause::Other,
        DropCause::IcmpFiltered,
        DropCause::Local,
        DropCause::Reassembly,
        DropCause::FragmentFiltered,
    ];

    /// The cause with this number, if there is one.
    pub fn from_number(number: u32) -> Option<DropCause> {
        DropCause::ALL.get(usize::try_from(number).ok()?.checked_sub(1)?).copied()
    }
}

/// Slots of the table of limits. An `ifindex` falls into the slot of its low bits; devices that share a slot
/// (in several namespaces, or by chance) share the smallest of their limits, which costs a look-up, never an event.
pub const LIMIT_SLOTS: u32 = 16_384;

/// Slots of the table that remembers for which hole a connection asked last, by the low bits of a hash.
pub const ASKED_SLOTS: u32 = 4096;

/// Slots of the per-CPU counters: one a signal, then these.
pub mod counter {
    /// Events that the ring buffer could not take.
    pub const LOST: u32 = 0;
    /// Later fragments that passed (they make no event of their own).
    pub const LATER_FRAGMENTS: u32 = 16;
    /// Packets that went the slow way because they were larger than the limit of their device.
    pub const SLOW_PATH: u32 = 17;
    /// Number of slots. Slots 1 to 15 count the records of each [`crate::Signal`], sent or lost.
    pub const SLOTS: u32 = 18;
}

/// Bytes of the ring buffer that carries events.
pub const RING_BYTES: u32 = 1 << 20;
