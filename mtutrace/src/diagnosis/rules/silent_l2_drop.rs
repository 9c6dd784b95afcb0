//! Packets are dropped between two devices of different MTU: there is no router between them, so nobody is told.
use super::finding::Finding;
use super::pmtu_blackhole::segment;
use crate::diagnosis::evidence::Evidence;
use crate::diagnosis::words;
use crate::model::{Severity, VerdictKind};

/// The same TCP segment so often: it will not come smaller, for no ICMP can ever tell its sender.
const REPEATS: u64 = 2;

/// Applies to evidence between two devices; each of their packets was seen to die.
pub(super) fn judge(incident: &Evidence) -> Option<Finding> {
    let worst =
        incident.flows().filter_map(|(flow, t)| Some((flow, t.worst()?))).max_by_key(|(_, (_, r))| r.count);
    let mut evidence = Vec::new();
    let stalled = worst.filter(|(_, (_, repeats))| repeats.count >= REPEATS);
    if let Some((flow, (seq, repeats))) = stalled {
        evidence.push(format!(
            "the TCP segment with sequence number {seq} from {} to {} {}",
            flow.src,
            flow.dst,
            words::times(repeats.count, repeats.last_ns.saturating_sub(repeats.first_ns)),
        ));
    }
    evidence.push(
        "no ICMP is sent between two such devices; GSO super-packets pass, so the fault comes and goes"
            .to_owned(),
    );
    let (severity, effect) = match stalled {
        Some(_) => {
            (Severity::Critical, "its connections are stalled: packets that are too big are dropped silently")
        }
        None => (Severity::Warning, "packets that are too big are dropped silently"),
    };
    let facts = worst.map(|(_, (_, repeats))| segment(usize::from(stalled.is_some()), &repeats));
    let facts = facts.unwrap_or_default();
    Some(Finding { kind: VerdictKind::SilentL2Drop, severity, effect: effect.to_owned(), evidence, facts })
}
