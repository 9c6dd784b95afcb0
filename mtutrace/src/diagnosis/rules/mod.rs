//! Evidence becomes a finding: one rule a file, pure. The first rule that applies wins: one cause, one verdict.
pub(crate) mod announced;
mod checksum_errors;
mod finding;
mod fragmentation;
mod fragments_lost;
mod mss_exceeds_path;
mod mtu_mismatch;
mod pmtu_blackhole;
mod remote_blackhole_suspected;
mod silent_l2_drop;
mod tunnel_overhead;

use crate::diagnosis::evidence::{Evidence, ExternalEvidence};

pub(crate) use finding::Finding;

/// Judges evidence at `now_ns` (CLOCK_MONOTONIC). Nothing as long as the evidence allows both verdicts.
pub(crate) fn judge(evidence: &Evidence, now_ns: u64) -> Option<Finding> {
    if evidence.silent.is_some() {
        return silent_l2_drop::judge(evidence);
    }
    if let Some(below) = &evidence.tunnel {
        return tunnel_overhead::judge(evidence, below, now_ns).or_else(|| mss_exceeds_path::judge(evidence));
    }
    if !evidence.blames() {
        return pmtu_blackhole::judge(evidence);
    }
    pmtu_blackhole::judge(evidence)
        .or_else(|| mtu_mismatch::judge(evidence, now_ns))
        .or_else(|| mss_exceeds_path::judge(evidence))
        .or_else(|| fragmentation::judge(evidence))
}

/// Judges what no MTU of this node explains.
pub(crate) fn judge_external(evidence: &ExternalEvidence, last_ns: u64) -> Option<Finding> {
    match evidence {
        ExternalEvidence::Cut { cut, .. } => fragmentation::judge_own(cut),
        ExternalEvidence::Lost(lost) => fragments_lost::judge(lost, last_ns),
        ExternalEvidence::Stalled(stalled) => remote_blackhole_suspected::judge(stalled),
        ExternalEvidence::Announced(said) => announced::judge(said),
        ExternalEvidence::Damaged(damaged) => checksum_errors::judge(damaged, last_ns),
    }
}
