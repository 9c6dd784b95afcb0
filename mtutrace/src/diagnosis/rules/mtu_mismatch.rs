//! Packets die for their size, and the senders adapt: slow starts, but it works.
use super::finding::Finding;
use crate::diagnosis::evidence::Evidence;
use crate::model::{Facts, Severity, SignalKind, VerdictKind};

/// How long the first too-big packet is given to become a black hole. Its sender's retransmits (RFC 6298: 200 ms,
/// then 400 ms on Linux) show it by then; a sender that was told is silent.
pub(super) const GRACE_NS: u64 = 900_000_000;

/// Applies to any evidence of packets that were too big.
pub(super) fn judge(evidence: &Evidence, now_ns: u64) -> Option<Finding> {
    let seen: u64 = [SignalKind::Drop, SignalKind::Oversized, SignalKind::IcmpSent, SignalKind::IcmpSeen]
        .iter()
        .map(|s| evidence.count(*s))
        .sum();
    if seen == 0 || now_ns.saturating_sub(evidence.first_ns) < GRACE_NS {
        return None;
    }
    Some(Finding {
        kind: VerdictKind::MtuMismatch,
        severity: Severity::Warning,
        effect: "packets too big for its path are dropped; senders that receive the ICMP recover".to_owned(),
        evidence: Vec::new(),
        facts: Facts::new(),
    })
}
