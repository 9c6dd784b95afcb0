//! The same segment comes again and again at the same size, and dies each time: nobody tells the sender.
use super::finding::Finding;
use crate::diagnosis::evidence::{Evidence, Repeats};
use crate::diagnosis::words;
use crate::model::{Fact, Facts, Severity, SignalKind, VerdictKind, facts};

/// Three times within this: the sender's second timeout (RFC 6298 backs off from 200 ms on Linux).
const THRICE_NS: u64 = 500_000_000;
/// Twice this far apart: longer than any round trip on which "fragmentation needed" could still be under way.
const TWICE_NS: u64 = 1_000_000_000;

/// A sender that was told sends smaller segments; this one does not. A firewall that was seen to drop the message
/// shortens the proof, and so does a sender on this node that was seen to repeat itself.
pub(super) fn unheard(r: &Repeats, filtered: u64, repeated: bool) -> bool {
    let span = r.last_ns.saturating_sub(r.first_ns);
    r.count >= 3 && span >= THRICE_NS
        || r.count >= 2 && span >= TWICE_NS
        || filtered > 0 && (r.count >= 2 || repeated)
}

/// The worst of the segments that come again and again, and how many connections have one.
pub(super) fn segment(stalled: usize, worst: &Repeats) -> Facts {
    facts([
        (Fact::ConnectionsStalled, stalled as u64),
        (Fact::SegmentSeen, worst.count),
        (Fact::SegmentSpanMs, words::milliseconds(worst.last_ns.saturating_sub(worst.first_ns))),
        (Fact::SegmentBytes, worst.length.into()),
    ])
}

/// Applies when any flow repeats itself.
pub(super) fn judge(incident: &Evidence) -> Option<Finding> {
    let repeated = incident.count(SignalKind::Retransmit) > 0;
    let stalled: Vec<_> = incident
        .flows()
        .filter_map(|(flow, t)| {
            let (seq, repeats) = t.worst()?;
            unheard(&repeats, incident.filtered, repeated).then_some((flow, seq, repeats))
        })
        .collect();
    let (flow, seq, worst) = stalled.iter().max_by_key(|(_, _, r)| r.count)?;
    let mut evidence = vec![format!(
        "the TCP segment with sequence number {seq} from {} to {} {}, never smaller than {} bytes",
        flow.src,
        flow.dst,
        words::times(worst.count, worst.last_ns.saturating_sub(worst.first_ns)),
        worst.length,
    )];
    evidence.extend(words::stalled(stalled.len()));
    if incident.filtered > 0 {
        evidence.push(format!(
            "a firewall on this node dropped {} ICMP messages that would have told the sender",
            incident.filtered
        ));
    }
    Some(Finding {
        kind: VerdictKind::PmtuBlackhole,
        severity: Severity::Critical,
        effect: "its connections are stalled".to_owned(),
        facts: segment(stalled.len(), worst),
        evidence,
    })
}
