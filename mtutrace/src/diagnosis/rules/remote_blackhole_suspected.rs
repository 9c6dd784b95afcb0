//! What is too big dies beyond this node: the container asks for a hole that stays, while small segments pass.
use super::Finding;
use crate::diagnosis::sack_holes::Standing;
use crate::diagnosis::words;
use crate::model::{Severity, VerdictKind};

/// Applies to every hole that stays ([`crate::diagnosis::sack_holes`]): of at least one full-size segment, on a connection on which none
/// has ever come.
pub(super) fn judge<'a>(holes: impl Iterator<Item = &'a Standing>) -> Option<Finding> {
    let holes: Vec<_> = holes.collect();
    let worst = holes.iter().max_by_key(|hole| hole.last_ns.saturating_sub(hole.first_ns))?;
    let flow = worst.socket.flow;
    let mut evidence = vec![
        format!(
            "{} lacks {} bytes from {} since {}, though it has asked for them, and has what comes after",
            flow.src,
            worst.hole,
            flow.dst,
            words::seconds(worst.last_ns.saturating_sub(worst.first_ns))
        ),
        format!(
            "packets of {} bytes came on that connection, none of {}, the full size",
            worst.passes, worst.full
        ),
    ];
    if worst.came > 0 {
        let segments = words::things(worst.came.into(), "smaller segment");
        evidence.push(format!("{segments} came meanwhile"));
    }
    if holes.len() > 1 {
        evidence.push(format!("{} connections are stalled in this way", holes.len()));
    }
    Some(Finding {
        kind: VerdictKind::RemoteBlackholeSuspected,
        severity: Severity::Critical,
        effect: format!(
            "its connections are stalled, and it looks like a black hole beyond this node: packets of {} bytes from {} do not \
             come, those of {} do, and every MTU on this node is right. Make it take smaller segments",
            worst.full,
            flow.dst.ip(),
            worst.passes
        ),
        evidence,
    })
}
