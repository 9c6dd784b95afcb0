//! From figures to a sentence: one rule a file, pure. The first rule that applies wins: one cause, one verdict.
mod mss_exceeds_path;
mod mtu_mismatch;
mod pmtu_blackhole;
mod silent_l2_drop;
mod tunnel_overhead;
mod words;

use crate::fix;
use crate::model::{Hop, Severity, Verdict, VerdictKind};
use crate::topology::Node;
use crate::trouble::Trouble;

pub use words::owner;

/// What a rule says of a trouble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub kind: VerdictKind,
    /// How bad it is.
    pub severity: Severity,
    /// What happens to the traffic, to stand between "container X: " and a full stop.
    pub effect: String,
    /// The sentences that prove it.
    pub evidence: Vec<String>,
}

/// Judges a trouble at `now_ns` (CLOCK_MONOTONIC). Nothing as long as the evidence allows both verdicts.
pub fn judge(trouble: &Trouble, now_ns: u64) -> Option<Finding> {
    if trouble.silent.is_some() {
        return silent_l2_drop::judge(trouble);
    }
    if let Some(below) = &trouble.tunnel {
        return tunnel_overhead::judge(trouble, below, now_ns).or_else(|| mss_exceeds_path::judge(trouble));
    }
    pmtu_blackhole::judge(trouble)
        .or_else(|| mtu_mismatch::judge(trouble, now_ns))
        .or_else(|| mss_exceeds_path::judge(trouble))
}

/// Makes the verdict out of a finding and what the node looks like now.
pub fn verdict(trouble: &Trouble, finding: Finding, active: bool, node: &Node) -> Verdict {
    let m = &trouble.mismatch;
    let container = trouble.container.clone();
    let who = container.as_ref().map_or_else(|| words::owner(trouble.netns, node), words::container);
    let (limit, narrow) = match &trouble.tunnel {
        Some(below) => (format!("what carries it with {} bytes of headers", below.overhead), &below.device),
        None if trouble.silent.is_some() => ("what faces it".to_owned(), &m.bottleneck),
        None => ("the way out".to_owned(), &m.bottleneck),
    };
    let summary = format!(
        "{who}: {}. {} has MTU {}, but {limit}, {}, carries only {}: set it to {}",
        finding.effect,
        words::device(&m.culprit, node),
        m.culprit.mtu,
        words::device(narrow, node),
        narrow.mtu,
        m.bottleneck.mtu,
    );
    let mut path = m.path.clone();
    if let Some(below) = &trouble.tunnel {
        path.retain(|hop| hop.id() != below.tunnel.id());
        path.extend([&below.tunnel, &below.device].map(Hop::clone));
    }
    let mut evidence = finding.evidence;
    evidence.extend(words::figures(trouble));
    Verdict {
        kind: finding.kind,
        severity: finding.severity,
        active,
        ended: None,
        fix: match (&trouble.silent, &trouble.tunnel) {
            (Some(_), _) => fix::level(m, node),
            (_, Some(below)) => fix::tunnel::fixes(below, node),
            _ => fix::fixes(m, container.as_ref(), trouble.netns, node),
        },
        container,
        culprit: m.culprit.device(),
        bottleneck: narrow.device(),
        path,
        summary,
        evidence,
    }
}
