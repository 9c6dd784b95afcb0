//! The form of the findings. Sizes are bytes; "L3" is from the IP header on, as MTUs count.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

/// What a capture says. Texts hold addresses and names out of the file: escape them before a terminal or HTML.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Findings {
    /// Always true: packets alone do not say which container or device was at fault.
    pub partial: bool,
    /// Something dies of its size, or a router's message about it is not heeded: exit code 1.
    pub problem: bool,
    /// Problems first, then by confidence.
    pub findings: Vec<Finding>,
    /// The connections with most trouble.
    pub connections: Vec<ConnectionFacts>,
    /// What packets prove about path MTUs, one direction each.
    pub paths: Vec<PathFacts>,
    /// What routers told.
    pub too_big: Vec<TooBigFacts>,
    /// Datagrams in pieces.
    pub fragments: Vec<FragmentFacts>,
    /// What the file is.
    pub capture: CaptureFacts,
    /// What no capture, or not this one, can tell.
    pub cannot_say: Vec<String>,
    /// What there was no room for.
    pub left_out: LeftOut,
}

/// One sentence, with what it rests on.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// How sure it is.
    pub confidence: Confidence,
    /// It counts for the exit code.
    pub problem: bool,
    /// In plain words, with figures.
    pub text: String,
    /// `10.0.0.1:80 → 10.0.0.2:40000`, or addresses alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub flow: Option<String>,
}

/// Kinds of findings, worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// Full-size segments are sent again and again in vain, smaller ones get through.
    StallBySize,
    /// "Fragmentation needed" came, and the sender went on sending what is larger.
    TooBigIgnored,
    /// The receiver waits for data that never came by, and what came is smaller.
    ReceiverHole,
    /// Datagrams in pieces of which some never came.
    FragmentsLost,
    /// Packets have wrong checksums: damage, not size.
    DamagedPackets,
    /// Something is sent in vain, but not because of its size.
    LossNotBySize,
    /// The sender got through with smaller segments (PMTU probing, or a message that it heeded).
    WentSmaller,
    /// A router told an MTU, and nothing larger was sent since.
    TooBigHeeded,
    /// A router told an MTU; the capture does not show what came of it.
    TooBigTold,
    /// A SYN's MSS differs between two places.
    MssClamped,
    /// Datagrams were cut in pieces, and all came by.
    Fragmented,
    /// Packets larger than any MTU: the capture was made before the device cuts them.
    BeforeSegmentation,
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// The packets leave no second explanation: of a stall, a router names the MTU.
    Confirmed,
    /// Another explanation is rare.
    Likely,
    /// There is an ordinary other explanation.
    Possible,
}

/// One TCP connection.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct ConnectionFacts {
    /// Who opened it, or was seen first.
    pub client: String,
    /// The other end.
    pub server: String,
    /// The same connection under the addresses that it has on the other side of NAT.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub also: Option<String>,
    /// From its first to its last packet.
    pub seconds: f64,
    /// A RST was seen.
    pub reset: bool,
    /// From the client to the server.
    pub to_server: WayFacts,
    /// And back.
    pub to_client: WayFacts,
}

/// One direction of a connection.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct WayFacts {
    /// Where its packets were seen first; the figures are of there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<String>,
    /// MSS that its SYN advertised: the most data that it takes in one segment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mss: Option<u16>,
    /// Packets, without second sightings.
    pub packets: u64,
    /// Bytes of data, each sending of them.
    pub data: u64,
    /// L3 size of the largest packet that is one on the wire.
    pub largest: u32,
    /// L3 size of the largest that was captured before segmentation, or after it was undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub largest_super_packet: Option<u32>,
    /// L3 size of the largest that was acknowledged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acknowledged: Option<u32>,
    /// Segments sent again.
    pub retransmissions: u64,
    /// Acknowledgements by the other side that said nothing new.
    pub duplicate_acks: u64,
    /// Holes that the other side reported by SACK.
    pub sack_holes: u64,
    /// Whether packets with data had DF set: all, none, or nothing if mixed or unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub df: Option<bool>,
    /// What was under way at the end, in vain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stall: Option<StallFacts>,
}

/// A segment that was never acknowledged.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct StallFacts {
    /// Bytes of data.
    pub data: u32,
    /// L3 size.
    pub length: u32,
    /// How often it was sent, the first time included.
    pub sends: u32,
    /// Seconds between the first of those.
    pub pauses: Vec<f64>,
    /// The pauses grow as RFC 6298 has it.
    pub backs_off: bool,
    /// L3 size of the largest behind it that arrived all the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smaller_arrived: Option<u32>,
}

/// From one address to another. The path MTU is at least `at_least`, and less than `less_than`.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct PathFacts {
    /// Source address.
    pub from: String,
    /// Destination address.
    pub to: String,
    /// L3 size of the largest packet that was acknowledged.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<u32>,
    /// L3 size of the smallest that was sent again and again in vain, or the MTU that a router told, plus one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub less_than: Option<u32>,
    /// L3 size of the largest packet that was seen, whatever became of it.
    pub largest_seen: u32,
    /// UDP packets.
    pub datagrams: u64,
    /// L3 size of the largest of them, and of those with DF.
    pub largest_datagram: u32,
    /// Senders that probe a path MTU (QUIC) send some too large on purpose.
    pub largest_datagram_df: u32,
}

/// "Fragmentation needed" or "packet too big".
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct TooBigFacts {
    /// Who said so.
    pub router: String,
    /// Source of the packets that it is about.
    pub from: String,
    /// Their destination.
    pub to: String,
    /// IP protocol.
    pub protocol: u8,
    /// What it named last.
    pub mtu: u32,
    /// How often.
    pub times: u64,
    /// L3 size of the largest packet that it was about: a super-packet before segmentation, where the router got one.
    pub packet: u32,
    /// Packets half a second later or more that were larger all the same.
    pub larger_after: u64,
    /// And that fit.
    pub fitting_after: u64,
}

/// Datagrams in pieces, from one address to another.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct FragmentFacts {
    /// Source address.
    pub from: String,
    /// Destination address.
    pub to: String,
    /// Datagrams.
    pub datagrams: u64,
    /// Of which a piece was not seen.
    pub incomplete: u64,
    /// L3 size of the largest first piece: whoever cut has an MTU of at least this, and less than eight more.
    pub first_piece: u32,
    /// L3 size that the largest had as a whole, if its last piece was seen.
    pub largest: u32,
    /// Times that the receiver said that pieces did not come.
    pub timed_out: u64,
}

/// The file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, JsonSchema)]
pub struct CaptureFacts {
    /// "pcap" or "pcapng".
    pub format: String,
    /// Packets that it holds, and their bytes on the wire.
    pub packets: u64,
    /// Link layer included.
    pub bytes: u64,
    /// Packets that were cut by the snaplen.
    pub snapped: u64,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<String>,
    /// RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
    /// From the first to the last packet.
    pub seconds: f64,
    /// Interfaces that the file describes.
    pub interfaces: Vec<InterfaceFacts>,
    /// Packets that gave nothing, by reason.
    pub unread: BTreeMap<String, u64>,
    /// Where and why reading ended early.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub damage: Option<String>,
}

/// An interface of the file.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct InterfaceFacts {
    /// Its name, or its number in the file.
    pub name: String,
    /// LINKTYPE of tcpdump.org.
    pub link_type: u16,
    /// Packets of it in the file.
    pub packets: u64,
    /// Packets that the capture lost there; nothing if the file does not say (pcap never does).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dropped: Option<u64>,
}

/// What there was no room for: tables have bounds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct LeftOut {
    /// Connections that were forgotten, those with least trouble first, and those beyond the list.
    pub connections: u64,
    /// Pairs of addresses.
    pub paths: u64,
    /// Routers' messages.
    pub too_big: u64,
    /// Pieces of datagrams.
    pub fragments: u64,
    /// Findings beyond the list.
    pub findings: u64,
}
