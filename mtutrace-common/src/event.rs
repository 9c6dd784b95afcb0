//! Every record that the kernel side can send, and every hook that can send one: an entry each. The program that fills a
//! record is in a file of the signal's name in `mtutrace-ebpf/src/hook`.
use crate::list::{hooks, list, record, records};

records! {
    /// A segment larger than the MTU of the route it is about to take (TC ingress: `bpf_fib_lookup` says so).
    ///
    /// `header`: the device that it came in by.
    Oversized = "oversized": OversizedEvent of 88 bytes {
        /// MTU of the route, bytes at L3; 0 where the kernel does not tell (5.10).
        mtu: u32,
        /// `ifindex` of the egress device; 0 where the kernel does not tell.
        egress_ifindex: u32,
    };

    /// A packet is being fragmented (kprobes), or the first fragment of one passed a device (TC: offset 0, more to come).
    ///
    /// `header`: for kprobes the namespace and the device that the packet leaves by. `packet`: for kprobes the whole packet,
    /// for TC the first fragment, each with its own L3 length in bytes.
    Fragmented = "fragmented": FragmentEvent of 88 bytes {
        /// Limit that the fragments are made for, bytes at L3; 0 if unknown (TC).
        mtu: u32,
        /// Zero.
        padding: u32,
    };

    /// ICMPv4 3/4 "fragmentation needed" (RFC 792, RFC 1191) or ICMPv6 type 2 "packet too big" (RFC 4443 §3.2) passed a
    /// device (TC), or this node made one (kprobes, raw tracepoint `icmp_send`).
    ///
    /// `header`: where it passed, or where the offending packet had come in. `packet`: the offending one, which the message
    /// quotes; its `length` is what the quoted header says.
    IcmpSeen = "icmp_seen": IcmpEvent of 120 bytes {
        /// Who says so; zeros if unknown.
        from: [u8; 16],
        /// Who is told; zeros if unknown.
        to: [u8; 16],
        /// The next hop's MTU it tells, in bytes at L3; 0 if unknown.
        mtu: u32,
        /// IPv4 identification of the message itself: the same message seen at two devices carries the same.
        message_id: u32,
    };

    /// A TCP SYN or SYN-ACK passed a device (TC); `tcp_flags` tells which.
    ///
    /// Its sequence number is the connection's initial one, which NAT keeps: the same number at two devices is the same
    /// connection under two names. Two senders with the same addresses and ports (in different namespaces) that begin
    /// within 64 ns have it in common: `identity` tells those apart.
    Syn = "syn": SynEvent of 88 bytes {
        /// Value of the MSS option (RFC 9293 §3.7.1), bytes of TCP payload; 0 if there is none.
        mss: u32,
        /// What else the sender chose at random and NAT keeps: IPv4's identification, IPv6's flow label (RFC 6437).
        identity: u32,
    };

    /// A packet did not get through because it, or its fragments, were too big or not whole: raw tracepoint `kfree_skb`, and
    /// what frees no skb (tunnels on bridges, local sends refused with EMSGSIZE).
    ///
    /// `header`: the device `skb->dev`, which is ingress for IPv4 forwarding, egress for IPv6 forwarding and bridges, the
    /// sender's side for veth. `packet`: the one that died; when that is itself an ICMP "too big", the one quoted in it.
    Drop = "drop": DropEvent of 112 bytes {
        /// Return address of the caller that freed it (kernel text); 0 where nothing was freed.
        location: u64,
        /// `enum skb_drop_reason` of the running kernel; 0 where the kernel has none.
        reason: u32,
        /// MTU of the route it was to take (`ip_dst_mtu_maybe_forward`); 0 if it had no route.
        mtu: u32,
        /// `ifindex` of that route's device; 0 if it had no route.
        egress_ifindex: u32,
        /// A [`crate::config::DropCause`].
        cause: u32,
        /// 1 when the victim is an ICMP "too big" message, 0 otherwise.
        icmp_too_big: u32,
        /// MTU of the device `skb->dev`.
        device_mtu: u32,
    };

    /// This node's own stack made an ICMPv4 3/4 or an ICMPv6 type 2.
    IcmpSent = "icmp_sent": IcmpEvent;

    /// A local TCP socket sent again a segment that some device of the node cannot take, or a full-size one after more than
    /// one timeout (raw tracepoint `tcp_retransmit_skb`).
    ///
    /// `header`: namespace of the socket; no device. `packet`: its `length` is payload plus the headers that the
    /// socket's segments have; SACK blocks are not on the skb yet.
    Retransmit = "retransmit": RetransmitEvent of 88 bytes {
        /// Timeouts in a row with nothing acknowledged (`icsk_retransmits`), if there was more than one and the segment is a
        /// full-size one; else 0.
        timeouts: u32,
        /// Zero.
        padding: u32,
    };

    /// This node's path MTU cache took a smaller value (RFC 1191, RFC 8201).
    ///
    /// `header`: namespace of the cache, and the device of the route. `packet`: only `family` and `dst`, to whom the path
    /// leads.
    PmtuUpdated = "pmtu_updated": PmtuEvent of 88 bytes {
        /// The path MTU from now on, bytes at L3.
        mtu: u32,
        /// Zero.
        padding: u32,
    };

    /// A pure TCP ACK with a SACK option (RFC 2018) passed a device (TC): the receiver lacks what `packet.ack` begins with,
    /// and has something beyond. Its source is who asks.
    SackHole = "sack_hole": SackEvent of 88 bytes {
        /// Sequence number of the first byte beyond the hole that is known to have come.
        left: u32,
        /// Bytes of the largest piece beyond the hole.
        largest: u32,
    };
}

hooks! {
    TcIngress: Ingress,
    TcEgress: Egress,
    KfreeSkb: RawTracepoint("kfree_skb"),
    IcmpSendTracepoint: RawTracepoint("icmp_send"),
    TcpRetransmit: RawTracepoint("tcp_retransmit_skb"),
    IcmpSend: Kprobe("__icmp_send"),
    Icmp6Send: Kprobe("icmp6_send"),
    IpDoFragment: Kprobe("ip_do_fragment"),
    Ip6Fragment: Kprobe("ip6_fragment"),
    IpLocalError: Kprobe("ip_local_error"),
    Ipv6LocalError: Kprobe("ipv6_local_error"),
    UpdateFnhe: Kprobe("update_or_create_fnhe"),
    IpRtUpdatePmtu: Kprobe("__ip_rt_update_pmtu"),
    Ip6RtUpdatePmtu: Kprobe("__ip6_rt_update_pmtu"),
    TunnelCheckPmtu: Kprobe("skb_tunnel_check_pmtu"),
    SockSendLength: RawTracepoint("sock_send_length"),
    FdbUpdate: RawTracepoint("br_fdb_update"),
}

/// Where the program of a hook goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// TC ingress of the chosen devices.
    Ingress,
    /// TC egress of the chosen devices.
    Egress,
    /// The raw tracepoint of this name.
    RawTracepoint(&'static str),
    /// The entry of this kernel function.
    Kprobe(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_start_at_one_and_lead_back() {
        assert_eq!((Signal::Oversized as u16, Signal::SackHole as u16), (1, 9));
        assert_eq!((HookId::TcIngress as u16, HookId::FdbUpdate as u16), (1, 17));
        assert!(Signal::ALL.into_iter().all(|signal| Signal::from_number(signal as u16) == Some(signal)));
        assert!(HookId::ALL.into_iter().all(|hook| HookId::from_number(hook as u16) == Some(hook)));
        assert_eq!((Signal::from_number(0), Signal::from_number(10)), (None, None));
        assert_eq!((HookId::from_number(0), HookId::from_number(18)), (None, None));
    }

    #[test]
    fn a_hook_is_named_after_its_place() {
        assert_eq!((HookId::TcEgress.name(), HookId::TcEgress.place()), ("tc:egress", Place::Egress));
        let hook = HookId::KfreeSkb;
        assert_eq!((hook.name(), hook.place()), ("raw_tp:kfree_skb", Place::RawTracepoint("kfree_skb")));
        let hook = HookId::Icmp6Send;
        assert_eq!((hook.name(), hook.place()), ("kprobe:icmp6_send", Place::Kprobe("icmp6_send")));
        assert_eq!(Signal::PmtuUpdated.name(), "pmtu_updated");
    }
}
