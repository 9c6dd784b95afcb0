//! The handshake advertises an MSS that the path cannot carry: a stall foreseen, before a byte is lost.
use super::finding::Finding;
use crate::diagnosis::evidence::Evidence;
use crate::model::{Facts, Severity, SignalKind, VerdictKind};

/// Applies when a SYN or SYN-ACK of the container, as the last device on the node saw it, has an MSS (RFC 9293 §3.7.1) whose
/// segments are larger than the path's smallest MTU. One that was clamped on the way never comes here.
pub(super) fn judge(evidence: &Evidence) -> Option<Finding> {
    let cut = evidence.tunnel.as_ref().is_some_and(|below| below.cuts);
    (evidence.count(SignalKind::MssExceedsPath) > 0).then(|| Finding {
        kind: VerdictKind::MssExceedsPath,
        severity: Severity::Warning,
        effect: if cut {
            "its full-size segments will be fragmented outside a tunnel"
        } else {
            "its connections will stall, or start slowly, as soon as full-size segments arrive"
        }
        .to_owned(),
        evidence: Vec::new(),
        facts: Facts::new(),
    })
}
