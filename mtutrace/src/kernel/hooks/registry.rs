//! The registry: which hooks there are, what each sees, needs and misses, and in which order they are preferred.
use mtutrace_common::HookId;

use super::{Hook, Place};
use crate::model::SignalKind;

/// Fields by which every hook that is handed a packet finds it and its place.
macro_rules! packet {
    ($($more:literal),*) => {
        &[
            "sk_buff.len",
            "sk_buff.head",
            "sk_buff.data",
            "sk_buff.dev",
            "sk_buff.protocol",
            "sk_buff.network_header",
            "net_device.ifindex",
            "net_device.nd_net.net",
            "net.ns.inum",
            $($more),*
        ]
    };
}

/// Fields of a connected socket.
macro_rules! socket {
    ($($more:literal),*) => {
        &[
            "sock.__sk_common.skc_net.net",
            "sock.__sk_common.skc_family",
            "sock.__sk_common.skc_num",
            "sock.__sk_common.skc_dport",
            "net.ns.inum",
            $($more),*
        ]
    };
}

/// Fields of a route.
macro_rules! route {
    ($($more:literal),*) => {
        &[
            "dst_entry.dev",
            "dst_entry._metrics",
            "net_device.ifindex",
            "net_device.mtu",
            "net_device.nd_net.net",
            "net.ns.inum",
            $($more),*
        ]
    };
}

/// All hooks. Of two that see the same signal the earlier is preferred: the later is then its fallback.
pub const HOOKS: &[Hook] = &[
    Hook {
        name: "raw_tp:kfree_skb",
        id: HookId::KfreeSkb,
        programs: &["mtut_kfree"],
        place: Place::RawTracepoint("kfree_skb"),
        duty: "",
        signals: &[SignalKind::Drop, SignalKind::FragFailed, SignalKind::ReassemblyFailed],
        causes: &[
            "forward_df",
            "bridge_port",
            "veth_peer",
            "tunnel",
            "other",
            "icmp_filtered",
            "fragment_filtered",
        ],
        needs: packet!(),
        blind: "what is not freed by kfree_skb, and reassembly that fails for want of the first fragment",
    },
    Hook {
        name: "kprobe:__icmp_send",
        id: HookId::IcmpSend,
        programs: &["mtut_icmp4"],
        place: Place::Kprobe(&["__icmp_send"]),
        duty: "icmp_sent/ipv4",
        signals: &[SignalKind::IcmpSent],
        causes: &[],
        needs: packet!(),
        blind: "IPv6; it fires before netfilter, so sent does not mean delivered",
    },
    Hook {
        name: "kprobe:icmp6_send",
        id: HookId::Icmp6Send,
        programs: &["mtut_icmp6"],
        place: Place::Kprobe(&["icmp6_send"]),
        duty: "icmp_sent/ipv6",
        signals: &[SignalKind::IcmpSent],
        causes: &[],
        needs: packet!(),
        blind: "IPv4; it fires before netfilter, so sent does not mean delivered",
    },
    Hook {
        name: "raw_tp:icmp_send",
        id: HookId::IcmpSendTracepoint,
        programs: &["mtut_icmp"],
        place: Place::RawTracepoint("icmp_send"),
        duty: "icmp_sent/ipv4",
        signals: &[SignalKind::IcmpSent],
        causes: &[],
        needs: packet!(),
        blind: "IPv6; it fires before netfilter, so sent does not mean delivered",
    },
    Hook {
        name: "kprobe:ip_do_fragment",
        id: HookId::IpDoFragment,
        programs: &["mtut_frag4"],
        place: Place::Kprobe(&["ip_do_fragment"]),
        duty: "",
        signals: &[SignalKind::Fragmented],
        causes: &[],
        needs: packet!(
            "dst_entry.dev",
            "dst_entry._metrics",
            "sk_buff.cb",
            "inet_skb_parm.frag_max_size",
            "rtable.rt_pmtu"
        ),
        blind: "IPv6, and fragments that are made elsewhere",
    },
    Hook {
        name: "kprobe:ip6_fragment",
        id: HookId::Ip6Fragment,
        programs: &["mtut_frag6"],
        place: Place::Kprobe(&["ip6_fragment"]),
        duty: "",
        signals: &[SignalKind::Fragmented],
        causes: &[],
        needs: packet!(
            "dst_entry.dev",
            "dst_entry._metrics",
            "sk_buff.cb",
            "inet6_skb_parm.frag_max_size",
            "sk_buff.ignore_df"
        ),
        blind: "IPv4, and fragments that are made elsewhere",
    },
    Hook {
        name: "kprobe:ip_local_error",
        id: HookId::IpLocalError,
        programs: &["mtut_lerr4", "mtut_lerr6"],
        place: Place::Kprobe(&["ip_local_error", "ipv6_local_error"]),
        duty: "local_df",
        signals: &[SignalKind::Drop],
        causes: &["local_df"],
        needs: socket!("sock.sk_protocol", "flowi6.saddr", "flowi6.daddr"),
        blind: "how long the refused packet was",
    },
    Hook {
        name: "raw_tp:sock_send_length",
        id: HookId::SockSendLength,
        programs: &["mtut_sendlen"],
        place: Place::RawTracepoint("sock_send_length"),
        duty: "local_df",
        signals: &[SignalKind::Drop],
        causes: &["local_df"],
        needs: socket!("sock.sk_protocol"),
        blind: "the packet's length, the limit, the destination of unconnected sockets; datagrams beyond 64 kB look the same",
    },
    Hook {
        name: "kprobe:skb_tunnel_check_pmtu",
        id: HookId::TunnelCheckPmtu,
        programs: &["mtut_tunnel"],
        place: Place::Kprobe(&["skb_tunnel_check_pmtu"]),
        duty: "",
        signals: &[SignalKind::Drop],
        causes: &["tunnel"],
        needs: packet!("dst_entry.dev", "dst_entry._metrics", "net_device.mtu"),
        blind: "tunnels that are no ports of a bridge: those fragment, or free",
    },
    Hook {
        name: "kprobe:update_or_create_fnhe",
        id: HookId::UpdateFnhe,
        programs: &["mtut_pmtu4"],
        place: Place::Kprobe(&["update_or_create_fnhe"]),
        duty: "pmtu_updated/ipv4",
        signals: &[SignalKind::PmtuUpdated],
        causes: &[],
        needs: &["fib_nh_common.nhc_dev", "net_device.ifindex", "net_device.nd_net.net", "net.ns.inum"],
        blind: "IPv6",
    },
    Hook {
        name: "kprobe:__ip_rt_update_pmtu",
        id: HookId::IpRtUpdatePmtu,
        programs: &["mtut_pmtu4_rt"],
        place: Place::Kprobe(&["__ip_rt_update_pmtu"]),
        duty: "pmtu_updated/ipv4",
        signals: &[SignalKind::PmtuUpdated],
        causes: &[],
        needs: route!("flowi4.saddr", "flowi4.daddr"),
        blind: "IPv6; the same value again counts again",
    },
    Hook {
        name: "kprobe:__ip6_rt_update_pmtu",
        id: HookId::Ip6RtUpdatePmtu,
        programs: &["mtut_pmtu6"],
        place: Place::Kprobe(&["__ip6_rt_update_pmtu"]),
        duty: "pmtu_updated/ipv6",
        signals: &[SignalKind::PmtuUpdated],
        causes: &[],
        needs: route!(),
        blind: "IPv4",
    },
    Hook {
        name: "raw_tp:tcp_retransmit_skb",
        id: HookId::TcpRetransmit,
        programs: &["mtut_retrans"],
        place: Place::RawTracepoint("tcp_retransmit_skb"),
        duty: "",
        signals: &[SignalKind::Retransmit],
        causes: &[],
        needs: socket!("sk_buff.len"),
        blind: "senders on other machines",
    },
    Hook {
        name: "tc:ingress",
        id: HookId::TcIngress,
        programs: &["mtut_in", "mtut_in_l3"],
        place: Place::Ingress,
        duty: "",
        signals: &[
            SignalKind::Oversized,
            SignalKind::IcmpSeen,
            SignalKind::Fragmented,
            SignalKind::MssExceedsPath,
        ],
        causes: &[],
        needs: &[],
        blind: "packets that DNAT sends elsewhere than the FIB says, devices between two containers of one bridge",
    },
    Hook {
        name: "tc:egress",
        id: HookId::TcEgress,
        programs: &["mtut_out", "mtut_out_l3"],
        place: Place::Egress,
        duty: "",
        signals: &[SignalKind::IcmpSeen, SignalKind::Fragmented, SignalKind::MssExceedsPath],
        causes: &[],
        needs: &[],
        blind: "packets that bypass the queueing layer (bpf_redirect_peer)",
    },
];
