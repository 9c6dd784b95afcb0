//! Where the running kernel has the fields that the hooks read.
use crate::list::offsets;

offsets! {
    skb_len = "sk_buff.len",
    skb_head = "sk_buff.head",
    /// (an offset from `head` on 64-bit kernels)
    skb_end = "sk_buff.end",
    skb_data = "sk_buff.data",
    skb_dev = "sk_buff.dev",
    /// (big-endian EtherType)
    skb_protocol = "sk_buff.protocol",
    /// (offset from `head`)
    skb_network_header = "sk_buff.network_header",
    skb_refdst = "sk_buff._skb_refdst",
    shinfo_gso_size = "skb_shared_info.gso_size",
    shinfo_gso_segs = "skb_shared_info.gso_segs",
    dev_ifindex = "net_device.ifindex",
    dev_mtu = "net_device.mtu",
    dev_net = "net_device.nd_net.net",
    net_inum = "net.ns.inum",
    port_dev = "net_bridge_port.dev",
    dst_dev = "dst_entry.dev",
    dst_metrics = "dst_entry._metrics",
    sock_net = "sock.__sk_common.skc_net.net",
    sock_family = "sock.__sk_common.skc_family",
    /// (local port, host byte order)
    sock_num = "sock.__sk_common.skc_num",
    /// (big-endian)
    sock_dport = "sock.__sk_common.skc_dport",
    sock_daddr = "sock.__sk_common.skc_daddr",
    sock_saddr = "sock.__sk_common.skc_rcv_saddr",
    sock_daddr6 = "sock.__sk_common.skc_v6_daddr",
    sock_saddr6 = "sock.__sk_common.skc_v6_rcv_saddr",
    /// (16 bits)
    sock_protocol = "sock.sk_protocol",
    /// (16 bits)
    tcp_header_len = "tcp_sock.tcp_header_len",
    /// (16 bits)
    icsk_ext_hdr_len = "inet_connection_sock.icsk_ext_hdr_len",
    /// (8 bits: timeouts in a row)
    icsk_retransmits = "inet_connection_sock.icsk_retransmits",
    /// (bytes of data in a full-size segment)
    tcp_mss_cache = "tcp_sock.mss_cache",
    skb_cb = "sk_buff.cb",
    /// (in `sk_buff.cb`)
    cb_frag_max_size = "inet_skb_parm.frag_max_size",
    /// (in `sk_buff.cb`)
    cb6_frag_max_size = "inet6_skb_parm.frag_max_size",
    skb_ignore_df = bits "sk_buff.ignore_df",
    rtable_pmtu = bits "rtable.rt_pmtu",
    nhc_dev = "fib_nh_common.nhc_dev",
    flowi4_saddr = "flowi4.saddr",
    flowi4_daddr = "flowi4.daddr",
    flowi6_saddr = "flowi6.saddr",
    flowi6_daddr = "flowi6.daddr",
}

impl Offsets {
    /// A field that the running kernel does not have.
    pub const UNKNOWN: u32 = u32::MAX;
}

/// One field of the kernel.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its dotted path, from the name of its struct.
    pub path: &'static str,
    /// A bitfield, whose offset is in bits.
    pub bits: bool,
    /// Where its offset goes.
    pub slot: fn(&mut Offsets) -> &mut u32,
}
