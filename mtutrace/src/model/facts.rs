//! The evidence of a verdict as numbers.
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

/// What was counted or measured, each in the unit that its name ends with; those that are 0 stay out.
pub(crate) type Facts = BTreeMap<Fact, u64>;

/// What a number of [`Facts`] is. Packets and segments are measured at L3.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Fact {
    /// From the first to the last of what was seen.
    SpanMs,
    /// Packets that the kernel dropped because they were too big.
    PacketsDropped,
    /// Packets that were larger than the device by which they were to leave.
    PacketsOversized,
    /// The largest of them, or the largest of its segments.
    LargestPacketBytes,
    /// The smallest limit that they met.
    LimitBytes,
    /// Handshakes that advertised more than the path carries.
    Handshakes,
    /// The largest packet that those handshakes allow.
    AdvertisedBytes,
    /// ICMP messages "fragmentation needed" or "packet too big" that this node sent.
    IcmpSent,
    /// Those that passed devices of this node.
    IcmpSeen,
    /// Those that a firewall of this node dropped.
    IcmpFiltered,
    /// Segments too big that sockets of this node sent again.
    Retransmits,
    /// Connections that stand still.
    ConnectionsStalled,
    /// How often the worst segment was seen.
    SegmentSeen,
    /// From the first to the last time that it was.
    SegmentSpanMs,
    /// The size below which it never came.
    SegmentBytes,
    /// Bytes of headers that a tunnel adds.
    TunnelHeaderBytes,
    /// Packets that were fragmented outside of a tunnel.
    OuterFragmented,
    /// Packets that were dropped outside of a tunnel.
    OuterDropped,
    /// Datagrams that were fragmented.
    DatagramsFragmented,
    /// Datagrams that their receiver gave up for missing fragments.
    DatagramsGivenUp,
    /// Datagrams whose first fragment came, and that were not put together.
    DatagramsIncomplete,
    /// Fragments that a firewall of this node dropped.
    FragmentsFiltered,
    /// What a receiver has missed, and asked for.
    MissingBytes,
    /// The largest packet that does get through.
    PassesBytes,
    /// Bytes that were acknowledged on a connection whose large segments are not.
    AcknowledgedBytes,
    /// Packets that were thrown away for their checksum.
    PacketsDamaged,
}

/// Facts of these, but for those that are 0.
pub(crate) fn facts(all: impl IntoIterator<Item = (Fact, u64)>) -> Facts {
    all.into_iter().filter(|(_, n)| *n > 0).collect()
}
