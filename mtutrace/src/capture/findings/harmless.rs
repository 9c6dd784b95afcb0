//! What looks like trouble and is none, and what explains why there is none.

use std::net::SocketAddr;

use super::words::{count, flow, number, place};
use super::{Confidence, Finding, FindingKind};
use crate::capture::facts::{Connection, Facts, Way};
use crate::capture::read::Source;

/// Packets with a wrong checksum before it is said that they are damaged.
const WRONG: u64 = 3;

/// Packets larger than the wire takes, for the whole capture.
pub(super) fn before_segmentation(facts: &Facts) -> Option<Finding> {
    let ways = facts.ended.iter().flat_map(Connection::ways).map(|(way, ..)| way);
    let with = ways.filter(|way| way.super_packets > 0).collect::<Vec<_>>();
    let largest = with.iter().map(|way| way.largest).max()?;
    let packets = with.iter().map(|way| way.super_packets).sum();
    let text = format!(
        "{} of up to {} bytes hold several segments each: they were captured before segmentation (TSO, GSO) or after \
         it was undone (GRO), and say nothing about an MTU",
        count(packets, "packet"),
        number(largest)
    );
    Some(Finding {
        kind: FindingKind::BeforeSegmentation,
        confidence: Confidence::Confirmed,
        problem: false,
        text,
        flow: None,
    })
}

/// A SYN's MSS that differs between two places; `before` is the same way on the other side of NAT.
pub(super) fn clamped(
    way: &Way,
    before: Option<&Way>,
    source: &Source,
    (src, dst): (SocketAddr, SocketAddr),
) -> Option<Finding> {
    let seen_at = || way.seen_at.iter().chain(before.into_iter().flat_map(|before| &before.seen_at));
    let with_mss = || seen_at().filter_map(|seen| seen.mss.map(|mss| (mss, seen.place)));
    let (highest, lowest) = (with_mss().max()?, with_mss().min()?);
    if highest.0 == lowest.0 {
        return None;
    }
    let text = format!(
        "{}: the SYN says an MSS of {} at {} and {} at {}: something between the two lowers it (MSS clamping)",
        flow(src, dst),
        number(highest.0),
        place(highest.1, source),
        number(lowest.0),
        place(lowest.1, source)
    );
    Some(Finding {
        kind: FindingKind::MssClamped,
        confidence: Confidence::Confirmed,
        problem: false,
        text,
        flow: Some(flow(src, dst)),
    })
}

/// The sender found a way with smaller segments.
pub(super) fn went_smaller(way: &Way, src: SocketAddr, dst: SocketAddr) -> Option<Finding> {
    let (from, to, _) = way.smaller.filter(|(_, _, acknowledged)| *acknowledged)?;
    let text = format!(
        "{}: data that was sent in vain in packets of {} bytes got through in packets of {}: the path takes less than the \
         sender thought, and it found out (by a router's message, or by probing, RFC 4821)",
        flow(src, dst),
        number(from),
        number(to)
    );
    Some(Finding {
        kind: FindingKind::WentSmaller,
        confidence: Confidence::Confirmed,
        problem: false,
        text,
        flow: Some(flow(src, dst)),
    })
}

/// Right and wrong checksums beside each other: offload would leave all of them wrong.
pub(super) fn damaged(way: &Way, src: SocketAddr, dst: SocketAddr) -> Option<Finding> {
    if way.wrong < WRONG || way.right == 0 || way.retransmissions == 0 {
        return None;
    }
    let text = format!(
        "{}: {} of {} bytes or more with wrong checksums beside {} with right ones, and {}: packets are damaged",
        flow(src, dst),
        count(way.wrong, "packet"),
        number(way.smallest_wrong.unwrap_or(0)),
        number(way.right),
        count(way.retransmissions, "retransmission")
    );
    Some(Finding {
        kind: FindingKind::DamagedPackets,
        confidence: Confidence::Likely,
        problem: false,
        text,
        flow: Some(flow(src, dst)),
    })
}
