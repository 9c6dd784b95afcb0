//! What each rule of `diagnosis/rules/` is fed by, and what is lost where that is missing.
use mtutrace_common::HookId;

use self::Source::{Drop, Hook, Place, Reason};
use crate::model::VerdictKind;

/// Something that a rule is fed by.
#[derive(Clone, Copy, Debug)]
pub(super) enum Source {
    /// What this hook sees.
    Hook(HookId),
    /// Drops that are known by their reason, or by the place that freed the packet.
    Drop(&'static str),
    /// Drops that their reason alone tells.
    Reason(&'static str),
    /// Drops that their place alone tells.
    Place,
}

/// What a verdict is given by: any of `any`; without all of a part's sources, what the part says is lost.
pub(super) struct Needs {
    pub(super) any: &'static [Source],
    pub(super) parts: &'static [(&'static [Source], &'static str)],
}

/// Any of these shows that a packet is too big for a route.
const TOO_BIG: &[Source] = &[
    Drop("PKT_TOO_BIG"),
    Hook(HookId::TcIngress),
    Hook(HookId::IcmpSend),
    Hook(HookId::IcmpSendTracepoint),
    Hook(HookId::Icmp6Send),
];

/// Those of one verdict.
pub(super) fn needs(kind: VerdictKind) -> Needs {
    match kind {
        VerdictKind::PmtuBlackhole => Needs {
            any: TOO_BIG,
            parts: &[
                (&[Drop("PKT_TOO_BIG")], "drops are not seen, only packets too big on a traced interface"),
                (&[Drop("NETFILTER_DROP")], "a firewall that drops the ICMP is not seen"),
                (&[Hook(HookId::TcIngress)], "those that a router beyond this node announces are not seen"),
                (&[Hook(HookId::TcpRetransmit)], "a stall that began before the run is confirmed later"),
            ],
        },
        VerdictKind::MtuMismatch => Needs {
            any: TOO_BIG,
            parts: &[
                (&[Drop("PKT_TOO_BIG")], "drops are not seen, only packets too big on a traced interface"),
                (&[Hook(HookId::TcIngress)], "only what this node drops or reports is seen"),
                (
                    &[Hook(HookId::IpLocalError), Hook(HookId::SockSendLength)],
                    "datagrams that the sender's own kernel refuses are not seen",
                ),
            ],
        },
        VerdictKind::MssExceedsPath => Needs {
            any: &[Hook(HookId::TcIngress), Hook(HookId::TcEgress)],
            parts: &[
                (&[Hook(HookId::TcIngress)], "handshakes are seen only as they leave a device"),
                (&[Hook(HookId::TcEgress)], "handshakes are seen only as they come into a device"),
            ],
        },
        // TC sees the fragments of a router, and what comes in too big; who made those of its own, the functions alone tell.
        VerdictKind::Fragmentation => Needs {
            any: &[Hook(HookId::IpDoFragment), Hook(HookId::Ip6Fragment), Hook(HookId::TcIngress)],
            parts: &[
                (
                    &[Hook(HookId::IpDoFragment)],
                    "no verdict about IPv4 datagrams that a container's own kernel fragments",
                ),
                (
                    &[Hook(HookId::Ip6Fragment)],
                    "no verdict about IPv6 datagrams that a container's own kernel fragments",
                ),
            ],
        },
        VerdictKind::TunnelOverhead => Needs {
            any: &[
                Drop("PKT_TOO_BIG"),
                Hook(HookId::TunnelCheckPmtu),
                Hook(HookId::IpDoFragment),
                Hook(HookId::TcEgress),
            ],
            parts: &[
                (
                    &[Drop("PKT_TOO_BIG")],
                    "packets that die at a tunnel are not seen, only those that are fragmented",
                ),
                (
                    &[Hook(HookId::TunnelCheckPmtu)],
                    "packets too big for a tunnel that is a port of a bridge are not seen",
                ),
                (
                    &[Hook(HookId::IpDoFragment), Hook(HookId::TcEgress)],
                    "packets that are fragmented outside a tunnel are not seen",
                ),
            ],
        },
        VerdictKind::SilentL2Drop => Needs { any: &[Place], parts: &[] },
        VerdictKind::FragmentsLost => Needs {
            any: &[Drop("NETFILTER_DROP"), Drop("FRAG_REASM_TIMEOUT"), Hook(HookId::TcIngress)],
            parts: &[
                (&[Drop("NETFILTER_DROP")], "fragments that a firewall drops are not seen"),
                (&[Drop("FRAG_REASM_TIMEOUT")], "datagrams that the receiver gives up are not seen"),
                (&[Hook(HookId::TcIngress)], "datagrams that are never put together are not counted"),
            ],
        },
        VerdictKind::RemoteBlackholeSuspected => Needs {
            any: &[Hook(HookId::TcIngress), Hook(HookId::TcpRetransmit)],
            parts: &[
                (&[Hook(HookId::TcIngress)], "downloads are not judged"),
                (&[Hook(HookId::TcpRetransmit)], "uploads are not judged"),
            ],
        },
        VerdictKind::ChecksumErrors => Needs {
            any: &[Reason("TCP_CSUM"), Reason("UDP_CSUM")],
            parts: &[
                (&[Reason("TCP_CSUM")], "TCP segments are not seen"),
                (&[Reason("UDP_CSUM")], "UDP datagrams are not seen"),
            ],
        },
    }
}
