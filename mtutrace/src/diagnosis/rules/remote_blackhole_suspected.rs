//! What is too big dies beyond this node: the container asks for a hole that stays, while small segments pass.
use super::finding::Finding;
use crate::diagnosis::evidence::PersistentHole;
use crate::diagnosis::words;
use crate::model::{Severity, VerdictKind};

/// Applies to every hole that stays ([`crate::diagnosis::sack_holes`]): of at least one full-size segment, on a connection on which none
/// has ever come.
pub(super) fn judge<'a>(holes: impl Iterator<Item = &'a PersistentHole>) -> Option<Finding> {
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
            "the largest packet received on that connection has {} bytes; a full-size one has {}",
            worst.passes, worst.full
        ),
    ];
    if worst.came > 0 {
        let segments = words::count_of(worst.came.into(), "smaller segment");
        evidence.push(format!("{segments} arrived meanwhile"));
    }
    if holes.len() > 1 {
        evidence.push(format!("{} connections are stalled in this way", holes.len()));
    }
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
    })
}
