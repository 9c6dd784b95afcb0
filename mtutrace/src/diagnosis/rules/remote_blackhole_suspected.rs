//! What is too big dies beyond this node: the container asks for a hole that stays, or its own full-size segments are never
//! acknowledged, while small ones pass.
use super::finding::Finding;
use crate::diagnosis::evidence::{PersistentHole, StalledConnections, StuckUpload};
use crate::diagnosis::words;
use crate::model::{Fact, Severity, VerdictKind, facts};

/// Applies to every hole that stays ([`crate::diagnosis::sack_holes`]): of at least one full-size segment, on a connection on which none
/// has ever come; else to uploads of which no full-size segment was ever acknowledged ([`crate::diagnosis::uploads`]).
pub(super) fn judge(stalled: &StalledConnections) -> Option<Finding> {
    download(stalled.holes.values()).or_else(|| upload(stalled.uploads.values()))
}

fn upload<'a>(uploads: impl Iterator<Item = &'a StuckUpload>) -> Option<Finding> {
    let uploads: Vec<_> = uploads.collect();
    let worst = uploads.iter().max_by_key(|upload| upload.timeouts)?;
    let flow = worst.socket.flow;
    let mut evidence = vec![
        format!(
            "a full-size segment of {} bytes from {} to {} was sent {} times, and never acknowledged",
            worst.full,
            flow.src,
            flow.dst,
            worst.timeouts + 1
        ),
        format!(
            "small segments get through on that connection: {} were acknowledged, {} came back",
            words::count_of(worst.acked, "byte"),
            words::count_of(worst.received, "byte")
        ),
    ];
    evidence.extend(words::stalled(uploads.len()));
    Some(Finding {
        kind: VerdictKind::RemoteBlackholeSuspected,
        severity: Severity::Critical,
        effect: format!(
            "its connections are stalled, probably by a PMTU black hole beyond this node: segments of {} bytes to {} are never \
             acknowledged, smaller ones are, and every MTU on this node is right. Clamp the MSS, or lower the sender's MTU",
            worst.full,
            flow.dst.ip()
        ),
        evidence,
        facts: facts([
            (Fact::ConnectionsStalled, uploads.len() as u64),
            (Fact::SegmentSeen, u64::from(worst.timeouts) + 1),
            (Fact::SegmentBytes, worst.full.into()),
            (Fact::AcknowledgedBytes, worst.acked),
            (Fact::SpanMs, words::milliseconds(worst.last_ns.saturating_sub(worst.first_ns))),
        ]),
    })
}

fn download<'a>(holes: impl Iterator<Item = &'a PersistentHole>) -> Option<Finding> {
    let holes: Vec<_> = holes.collect();
    let worst = holes.iter().max_by_key(|hole| hole.last_ns.saturating_sub(hole.first_ns))?;
    let flow = worst.socket.flow;
    let mut evidence = vec![
        format!(
            "{} has missed {} bytes from {} for {}: it asked for them and received what follows",
            flow.src,
            worst.hole,
            flow.dst,
            words::seconds(worst.last_ns.saturating_sub(worst.first_ns))
        ),
        format!(
            "the largest packet received on that connection has {} bytes; one of {} never came",
            worst.passes, worst.full
        ),
    ];
    if worst.came > 0 {
        let segments = words::count_of(worst.came.into(), "smaller segment");
        evidence.push(format!("{segments} arrived meanwhile"));
    }
    evidence.extend(words::stalled(holes.len()));
    Some(Finding {
        kind: VerdictKind::RemoteBlackholeSuspected,
        severity: Severity::Critical,
        effect: format!(
            "its connections are stalled, probably by a PMTU black hole beyond this node: packets of {} bytes from {} do not \
             arrive, those of {} do, and every MTU on this node is right. Clamp the MSS, or lower the container's MTU",
            worst.full,
            flow.dst.ip(),
            worst.passes
        ),
        evidence,
        facts: facts([
            (Fact::ConnectionsStalled, holes.len() as u64),
            (Fact::MissingBytes, worst.hole.into()),
            (Fact::SegmentBytes, worst.full.into()),
            (Fact::PassesBytes, worst.passes.into()),
            (Fact::SpanMs, words::milliseconds(worst.last_ns.saturating_sub(worst.first_ns))),
        ]),
    })
}
