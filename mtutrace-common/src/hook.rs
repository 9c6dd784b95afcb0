//! Who saw it: every hook that sends records, by number.

/// A hook of the kernel side; the registry of the loader says what each one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u32)]
pub enum HookId {
    /// TC ingress.
    TcIngress = 1,
    /// TC egress.
    TcEgress = 2,
    /// Raw tracepoint `kfree_skb`.
    KfreeSkb = 3,
    /// Raw tracepoint `icmp_send`.
    IcmpSendTracepoint = 4,
    /// Raw tracepoint `tcp_retransmit_skb`.
    TcpRetransmit = 5,
    /// kprobe on `__icmp_send`.
    IcmpSend = 6,
    /// kprobe on `icmp6_send`.
    Icmp6Send = 7,
    /// kprobe on `ip_do_fragment`.
    IpDoFragment = 8,
    /// kprobe on `ip6_fragment`.
    Ip6Fragment = 9,
    /// kprobe on `ip_local_error`.
    IpLocalError = 10,
    /// kprobe on `ipv6_local_error`.
    Ipv6LocalError = 11,
    /// kprobe on `update_or_create_fnhe`.
    UpdateFnhe = 12,
    /// kprobe on `__ip_rt_update_pmtu`.
    IpRtUpdatePmtu = 13,
    /// kprobe on `__ip6_rt_update_pmtu`.
    Ip6RtUpdatePmtu = 14,
    /// kprobe on `skb_tunnel_check_pmtu`.
    TunnelCheckPmtu = 15,
    /// Raw tracepoint `sock_send_length`.
    SockSendLength = 16,
}

impl HookId {
    /// All hooks, in the order of their numbers, which start at 1.
    pub const ALL: [HookId; 16] = [
        HookId::TcIngress,
        HookId::TcEgress,
        HookId::KfreeSkb,
        HookId::IcmpSendTracepoint,
        HookId::TcpRetransmit,
        HookId::IcmpSend,
        HookId::Icmp6Send,
        HookId::IpDoFragment,
        HookId::Ip6Fragment,
        HookId::IpLocalError,
        HookId::Ipv6LocalError,
        HookId::UpdateFnhe,
        HookId::IpRtUpdatePmtu,
        HookId::Ip6RtUpdatePmtu,
        HookId::TunnelCheckPmtu,
        HookId::SockSendLength,
    ];

    /// The hook with this number, if there is one.
    pub fn from_number(number: u32) -> Option<HookId> {
        HookId::ALL.get(usize::try_from(number).ok()?.checked_sub(1)?).copied()
    }
}
