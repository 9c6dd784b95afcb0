//! What happened to one packet, in terms of the field.
use std::net::{IpAddr, SocketAddr};

use mtutrace_common::HookId;
use mtutrace_common::config::DropCause;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::device::DeviceId;
use super::netns::NetnsId;

/// The packet's addresses as they stood at the place where it was seen (NAT renames flows from place to place).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Flow {
    /// IP protocol number.
    pub(crate) protocol: u8,
    /// Source; port 0 where the protocol has none.
    pub(crate) src: SocketAddr,
    /// Destination; port 0 where the protocol has none.
    pub(crate) dst: SocketAddr,
}

impl Flow {
    /// Whether it is a TCP connection's.
    pub(crate) fn is_tcp(&self) -> bool {
        const TCP: u8 = 6;
        self.protocol == TCP
    }

    /// The same flow seen from the other side.
    pub(crate) fn reversed(self) -> Flow {
        Flow { protocol: self.protocol, src: self.dst, dst: self.src }
    }
}

/// What is known of the port by which a packet came in that was seen at its bridge, because ports carry no classifier there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) enum Port {
    /// The event's device is where it came in; the port itself, if its source MAC address told.
    #[default]
    Known,
    /// Its source MAC address is that of no device that is known: the event's device is the bridge.
    Stranger,
    /// The bridge has seen its source MAC address behind another port too: somebody forges it.
    Contested,
}

/// One event of the kernel side, decoded.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    /// Nanoseconds of CLOCK_MONOTONIC.
    pub(crate) time_ns: u64,
    /// Where: namespace, 0 if unknown.
    pub(crate) netns: NetnsId,
    /// Where: `ifindex`, 0 if unknown.
    pub(crate) ifindex: u32,
    /// Who saw it.
    pub(crate) hook: HookId,
    /// What `ifindex` tells of where it came in.
    pub(crate) port: Port,
    /// The offending packet's flow (for ICMP errors: of the packet quoted inside).
    pub(crate) flow: Flow,
    /// Its L3 length in bytes; of its largest segment if it is a GSO packet.
    pub(crate) length: u32,
    /// Segments of a GSO packet.
    pub(crate) gso_segments: Option<u16>,
    /// TCP sequence number.
    pub(crate) seq: u32,
    /// IPv4 identification.
    pub(crate) ip_id: u16,
    /// What happened.
    pub(crate) kind: EventKind,
}

impl Event {
    /// The device, where it is known.
    pub(crate) fn device(&self) -> Option<DeviceId> {
        (self.netns.0 != 0 && self.ifindex != 0)
            .then_some(DeviceId { netns: self.netns, ifindex: self.ifindex })
    }

    /// Whether it was leaving the device (false: it came in, or the hook has no direction).
    pub(crate) fn egress(&self) -> bool {
        self.hook == HookId::TcEgress
    }

    /// The device of its route, where it has one.
    pub(crate) fn egress_device(&self) -> Option<DeviceId> {
        let egress = match self.kind {
            EventKind::Oversized { egress, .. } | EventKind::Drop { egress, .. } => egress?,
            _ => return None,
        };
        (self.netns.0 != 0).then_some(DeviceId { netns: self.netns, ifindex: egress })
    }
}

/// Makes [`SignalKind`] and all that is said of its variants from one entry each.
macro_rules! signals {
    (
        reported {
            $( $(#[$doc:meta])* $signal:ident = $name:literal, $short:literal, lost: $lost:literal; )+
        }
        counted {
            $( $(#[$other_doc:meta])* $other:ident = $other_name:literal, $other_short:literal, lost: $other_lost:literal; )+
        }
    ) => {
        /// The signals of the contract, as reports name them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        pub(crate) enum SignalKind {
            $( $(#[$doc])* #[serde(rename = $name)] $signal, )+
            $( $(#[$other_doc])* #[serde(rename = $other_name)] $other, )+
        }

        impl SignalKind {
            /// All that are reported, in the order of reports.
            pub(crate) const ALL: [SignalKind; [$( $name ),+].len()] = [$( SignalKind::$signal ),+];

            /// The name that JSON uses.
            pub(crate) fn name(self) -> &'static str {
                match self { $( SignalKind::$signal => $name, )+ $( SignalKind::$other => $other_name, )+ }
            }

            /// A name for the head of a narrow column.
            pub(crate) fn short(self) -> &'static str {
                match self { $( SignalKind::$signal => $short, )+ $( SignalKind::$other => $other_short, )+ }
            }

            /// What somebody who relies on it has to do without, where no hook sees it.
            pub(crate) fn lost(self) -> &'static str {
                match self { $( SignalKind::$signal => $lost, )+ $( SignalKind::$other => $other_lost, )+ }
            }
        }
    };
}

signals! {
    reported {
        /// The kernel freed it for its size.
        Drop = "drop", "drop",
            lost: "these drops are not seen; retransmits and the kernel's counters hint at them";
        /// A segment larger than its route's MTU.
        Oversized = "oversized", "big",
            lost: "only TC sees packets on interfaces; drops are still seen";
        /// This node made an ICMP "too big".
        IcmpSent = "icmp_sent", "icmp>",
            lost: "ICMP is seen only where it passes a traced interface (icmp_seen)";
        /// An ICMP "too big" passed.
        IcmpSeen = "icmp_seen", "icmp",
            lost: "only TC sees packets on interfaces; drops are still seen";
        /// A local socket sent a segment again that the path cannot carry.
        Retransmit = "retransmit", "retr",
            lost: "a stall that began before the run is confirmed later";
        /// Fragments pass.
        Fragmented = "fragmented", "frag",
            lost: "only the kernel's counters in the reports show it";
        /// It was to be fragmented, and must not be.
        FragFailed = "frag_failed", "!frag",
            lost: "only the kernel's counters in the reports show it";
        /// A packet's fragments did not all come in time.
        ReassemblyFailed = "reassembly_failed", "!reas",
            lost: "only the kernel's counters in the reports show it";
        /// The path MTU cache took a smaller value.
        PmtuUpdated = "pmtu_updated", "pmtu",
            lost: "whether a sender heeded the ICMP shows only in its next packets";
        /// A SYN promises segments that the path cannot carry.
        MssExceedsPath = "mss_exceeds_path", "mss",
            lost: "only TC sees packets on interfaces; drops are still seen";
    }
    counted {
        /// A receiver asks for a hole: counted, never reported.
        SackHole = "sack_hole", "hole",
            lost: "only TC sees packets on interfaces; drops are still seen";
    }
}

impl SignalKind {
    /// Whether it says what a sender was told, and nothing of a packet that was too big or died.
    pub(crate) fn is_message(self) -> bool {
        matches!(self, SignalKind::IcmpSent | SignalKind::PmtuUpdated)
    }

    /// That of a drop with this cause.
    fn of(cause: DropCause) -> SignalKind {
        match cause {
            DropCause::FragFailed => SignalKind::FragFailed,
            DropCause::Reassembly => SignalKind::ReassemblyFailed,
            _ => SignalKind::Drop,
        }
    }
}

/// The names of the causes that a [`SignalKind::Drop`] can have.
pub(crate) fn drop_causes() -> Vec<&'static str> {
    let causes = DropCause::ALL.into_iter().filter(|cause| SignalKind::of(*cause) == SignalKind::Drop);
    causes.map(DropCause::name).collect()
}

/// What happened to the packet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum EventKind {
    /// It does not fit its route.
    Oversized {
        /// MTU of the route.
        mtu: Option<u32>,
        /// Device of the route, in the same namespace.
        egress: Option<u32>,
        /// IPv4 without DF: routers fragment it.
        may_be_cut: bool,
    },
    /// This node fragments it, or a first fragment passed.
    Fragmented {
        /// What its fragments are made for; not known of those that pass.
        mtu: Option<u32>,
    },
    /// ICMP "too big" passed.
    IcmpSeen {
        /// Who says so.
        from: Option<IpAddr>,
        /// Who is told.
        to: Option<IpAddr>,
        /// MTU that it tells.
        mtu: Option<u32>,
        /// IPv4 identification of the message.
        message_id: u32,
    },
    /// This node made an ICMP "too big".
    IcmpSent {
        /// MTU of the route that was too small.
        mtu: Option<u32>,
    },
    /// A SYN or SYN-ACK passed.
    Syn {
        /// MSS option.
        mss: Option<u32>,
        /// SYN-ACK rather than SYN.
        ack: bool,
        /// IPv4's identification, IPv6's flow label.
        identity: u32,
    },
    /// A pure TCP ACK asks for what did not come, though data beyond it did (RFC 2018). Never reported by itself.
    SackHole {
        /// Bytes of data that are missing.
        hole: u32,
        /// Bytes of the largest piece beyond.
        beyond: u32,
    },
    /// The kernel freed it.
    Drop {
        /// Where in the kernel.
        cause: DropCause,
        /// The kernel's drop reason, by number.
        reason: u32,
        /// Kernel text address.
        location: u64,
        /// MTU of its route.
        mtu: Option<u32>,
        /// Device of its route, in the same namespace.
        egress: Option<u32>,
        /// MTU of the device it was on.
        device_mtu: Option<u32>,
        /// The victim was an ICMP "too big"; the flow is the one quoted in it.
        icmp_too_big: bool,
    },
    /// A local socket sent it again.
    Retransmit,
    /// A local socket sent it again, full-size and for want of any acknowledgement. Never reported by itself.
    Timeouts {
        /// How many retransmission timeouts (RFC 6298) there were with nothing acknowledged.
        in_a_row: u32,
    },
    /// The path MTU towards the flow's destination is smaller from now on; its source is not known.
    PmtuUpdated {
        /// The new one.
        mtu: u32,
    },
}

impl EventKind {
    /// The signal under which it is reported; a SYN is one only when its MSS does not fit.
    pub(crate) fn signal(&self) -> SignalKind {
        match self {
            EventKind::Oversized { .. } => SignalKind::Oversized,
            EventKind::Fragmented { .. } => SignalKind::Fragmented,
            EventKind::IcmpSeen { .. } => SignalKind::IcmpSeen,
            EventKind::IcmpSent { .. } => SignalKind::IcmpSent,
            EventKind::Syn { .. } => SignalKind::MssExceedsPath,
            EventKind::Drop { cause, .. } => SignalKind::of(*cause),
            EventKind::Retransmit | EventKind::Timeouts { .. } => SignalKind::Retransmit,
            EventKind::PmtuUpdated { .. } => SignalKind::PmtuUpdated,
            EventKind::SackHole { .. } => SignalKind::SackHole,
        }
    }
    /// The limit that it met, bytes at L3, where the event itself tells. What a veth's other end takes it does not.
    pub(crate) fn mtu(&self) -> Option<u32> {
        match self {
            EventKind::Oversized { mtu, .. }
            | EventKind::Fragmented { mtu }
            | EventKind::IcmpSeen { mtu, .. }
            | EventKind::IcmpSent { mtu } => *mtu,
            EventKind::PmtuUpdated { mtu } => Some(*mtu),
            EventKind::Drop { cause, mtu, device_mtu, .. } => match cause {
                DropCause::BridgePort => *device_mtu,
                DropCause::VethPeer
                | DropCause::Reassembly
                | DropCause::FragmentFiltered
                | DropCause::Checksum => None,
                _ => *mtu,
            },
            EventKind::Syn { .. }
            | EventKind::SackHole { .. }
            | EventKind::Retransmit
            | EventKind::Timeouts { .. } => None,
        }
    }

    /// The MSS option of a SYN.
    pub(crate) fn mss(&self) -> Option<u32> {
        if let EventKind::Syn { mss, .. } = self { *mss } else { None }
    }

    /// The name of a drop's cause; those of other signals have none.
    pub(crate) fn drop_cause(&self) -> Option<&'static str> {
        match self {
            EventKind::Drop { cause, .. } if self.signal() == SignalKind::Drop => Some(cause.name()),
            _ => None,
        }
    }
}
