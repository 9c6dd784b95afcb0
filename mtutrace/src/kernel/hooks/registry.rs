//! The registry: which hooks there are, what each sees, needs and misses, and in which order they are preferred.
use mtutrace_common::HookId;
use mtutrace_common::config::DropCause;

use super::hook::Hook;
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
pub(crate) const HOOKS: &[Hook] = &[
    Hook {
        programs: &[(HookId::KfreeSkb, "mtut_kfree")],
        role: "",
        signals: &[SignalKind::Drop, SignalKind::FragFailed, SignalKind::ReassemblyFailed],
        causes: &[
            DropCause::Forward,
            DropCause::BridgePort,
            DropCause::VethPeer,
            DropCause::Tunnel,
            DropCause::Other,
            DropCause::IcmpFiltered,
            DropCause::FragmentFiltered,
            DropCause::Checksum,
        ],
        needs: packet!(),
        limitations: "what is not freed by kfree_skb, and reassembly that fails for want of the first fragment",
    },
    Hook {
        programs: &[(HookId::IcmpSend, "mtut_icmp4")],
        role: "icmp_sent/ipv4",
        signals: &[SignalKind::IcmpSent],
        causes: &[],
        needs: packet!(),
        limitations: "IPv6; it fires before netfilter, so sent does not mean delivered",
    },
    Hook {
        programs: &[(HookId::Icmp6Send, "mtut_icmp6")],
        role: "icmp_sent/ipv6",
        signals: &[SignalKind::IcmpSent],
        causes: &[],
        needs: packet!(),
        limitations: "IPv4; it fires before netfilter, so sent does not mean delivered",
    },
    Hook {
        programs: &[(HookId::IcmpSendTracepoint, "mtut_icmp")],
        role: "icmp_sent/ipv4",
        signals: &[SignalKind::IcmpSent],
        causes: &[],
        needs: packet!(),
        limitations: "IPv6; it fires before netfilter, so sent does not mean delivered",
    },
    Hook {
        programs: &[(HookId::IpDoFragment, "mtut_frag4")],
        role: "",
        signals: &[SignalKind::Fragmented],
        causes: &[],
        needs: packet!(
            "dst_entry.dev",
            "dst_entry._metrics",
            "sk_buff.cb",
            "inet_skb_parm.frag_max_size",
            "rtable.rt_pmtu"
        ),
        limitations: "IPv6, and fragments that are made elsewhere",
    },
    Hook {
        programs: &[(HookId::Ip6Fragment, "mtut_frag6")],
        role: "",
        signals: &[SignalKind::Fragmented],
        causes: &[],
        needs: packet!(
            "dst_entry.dev",
            "dst_entry._metrics",
            "sk_buff.cb",
            "inet6_skb_parm.frag_max_size",
            "sk_buff.ignore_df"
        ),
        limitations: "IPv4, and fragments that are made elsewhere",
    },
    Hook {
        programs: &[(HookId::IpLocalError, "mtut_lerr4"), (HookId::Ipv6LocalError, "mtut_lerr6")],
        role: "local_df",
        signals: &[SignalKind::Drop],
        causes: &[DropCause::Local],
        needs: socket!("sock.sk_protocol", "flowi6.saddr", "flowi6.daddr"),
        limitations: "how long the refused packet was",
    },
    Hook {
        programs: &[(HookId::SockSendLength, "mtut_sendlen")],
        role: "local_df",
        signals: &[SignalKind::Drop],
        causes: &[DropCause::Local],
        needs: socket!("sock.sk_protocol"),
        limitations: "the packet's length, the limit, the destination of unconnected sockets; datagrams beyond 64 kB look the same",
    },
    Hook {
        programs: &[(HookId::TunnelCheckPmtu, "mtut_tunnel")],
        role: "",
        signals: &[SignalKind::Drop],
        causes: &[DropCause::Tunnel],
        needs: packet!("dst_entry.dev", "dst_entry._metrics", "net_device.mtu"),
        limitations: "tunnels that are no ports of a bridge: those fragment, or free",
    },
    Hook {
        programs: &[(HookId::UpdateFnhe, "mtut_pmtu4")],
        role: "pmtu_updated/ipv4",
        signals: &[SignalKind::PmtuUpdated],
        causes: &[],
        needs: &["fib_nh_common.nhc_dev", "net_device.ifindex", "net_device.nd_net.net", "net.ns.inum"],
        limitations: "IPv6",
    },
    Hook {
        programs: &[(HookId::IpRtUpdatePmtu, "mtut_pmtu4_rt")],
        role: "pmtu_updated/ipv4",
        signals: &[SignalKind::PmtuUpdated],
        causes: &[],
        needs: route!("flowi4.saddr", "flowi4.daddr"),
        limitations: "IPv6; the same value again counts again",
    },
    Hook {
        programs: &[(HookId::Ip6RtUpdatePmtu, "mtut_pmtu6")],
        role: "pmtu_updated/ipv6",
        signals: &[SignalKind::PmtuUpdated],
        causes: &[],
        needs: route!(),
        limitations: "IPv4",
    },
    Hook {
        programs: &[(HookId::TcpRetransmit, "mtut_retrans")],
        role: "",
        signals: &[SignalKind::Retransmit],
        causes: &[],
        needs: socket!("sk_buff.len", "inet_connection_sock.icsk_retransmits", "tcp_sock.mss_cache"),
        limitations: "senders on other machines",
    },
    Hook {
        programs: &[(HookId::FdbUpdate, "mtut_fdb")],
        role: "",
        signals: &[],
        causes: &[],
        needs: &["net_bridge_port.dev", "net_device.ifindex", "net_device.nd_net.net", "net.ns.inum"],
        limitations: "signals of its own: it tells by which port of a bridge packets come in; without it each port is hooked",
    },
    Hook {
        programs: &[
            (HookId::TcIngress, "mtut_in"),
            (HookId::TcIngress, "mtut_in_l3"),
            (HookId::TcIngress, "mtut_in_nested"),
        ],
        role: "",
        signals: &[
            SignalKind::Oversized,
            SignalKind::IcmpSeen,
            SignalKind::Fragmented,
            SignalKind::MssExceedsPath,
        ],
        causes: &[],
        needs: &[],
        limitations: "packets that DNAT sends elsewhere than the FIB says, devices between two containers of one bridge",
    },
    Hook {
        programs: &[(HookId::TcEgress, "mtut_out"), (HookId::TcEgress, "mtut_out_l3")],
        role: "",
        signals: &[SignalKind::IcmpSeen, SignalKind::Fragmented, SignalKind::MssExceedsPath],
        causes: &[],
        needs: &[],
        limitations: "packets that bypass the queueing layer (bpf_redirect_peer)",
    },
];
