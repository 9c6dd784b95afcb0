//! From figures to a sentence: one rule a file, pure. The first rule that applies wins: one cause, one verdict.
mod fragmentation;
mod fragments_lost;
mod mss_exceeds_path;
mod mtu_mismatch;
mod pmtu_blackhole;
mod remote_blackhole_suspected;
mod silent_l2_drop;
mod tunnel_overhead;

use crate::diagnosis::evidence::Evidence;
use crate::diagnosis::external::{ExternalIncident, Facts};
use crate::diagnosis::sack_holes::Standing;
use crate::diagnosis::words;
use crate::model::describe;
use crate::model::{DeviceId, Hop, Node, Severity, Verdict, VerdictKind};
use crate::remediation;
use crate::remediation::beyond;
use crate::topology;

/// What a rule says of a trouble.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub kind: VerdictKind,
    /// How bad it is.
    pub severity: Severity,
    /// What happens to the traffic, to stand between "container X: " and a full stop; of a case, all that is to be said.
    pub effect: String,
    /// The sentences that prove it.
    pub evidence: Vec<String>,
}

/// Judges a trouble at `now_ns` (CLOCK_MONOTONIC). Nothing as long as the evidence allows both verdicts.
pub fn judge(trouble: &Evidence, now_ns: u64) -> Option<Finding> {
    if trouble.silent.is_some() {
        return silent_l2_drop::judge(trouble);
    }
    if let Some(below) = &trouble.tunnel {
        return tunnel_overhead::judge(trouble, below, now_ns).or_else(|| mss_exceeds_path::judge(trouble));
    }
    pmtu_blackhole::judge(trouble)
        .or_else(|| mtu_mismatch::judge(trouble, now_ns))
        .or_else(|| mss_exceeds_path::judge(trouble))
        .or_else(|| fragmentation::judge(trouble))
}

/// Judges what no number on this node explains.
pub fn judge_case(case: &ExternalIncident) -> Option<Finding> {
    match &case.facts {
        Facts::Cut { cut, .. } => fragmentation::judge_own(cut),
        Facts::Lost(lost) => fragments_lost::judge(lost, case.last_ns),
        Facts::Holes(holes) => remote_blackhole_suspected::judge(holes.values()),
    }
}

/// Makes the verdict of such a case; what is not known stays out.
pub fn of_case(case: &ExternalIncident, finding: Finding, node: &Node) -> Verdict {
    let who = case.container.as_ref().map_or_else(|| describe::owner(case.netns, node), describe::container);
    let remote = match &case.facts {
        Facts::Cut { last: (flow, _), .. } => Some(flow.dst.ip()),
        Facts::Lost(_) => None,
        Facts::Holes(holes) => holes.values().next().map(Standing::remote),
    };
    let path = topology::path(node, case.netns, remote);
    let bottleneck = match &case.facts {
        Facts::Cut { last: (_, ifindex), .. } => {
            let device = DeviceId { netns: case.netns, ifindex: *ifindex };
            node.link(device).map(|link| Hop::new(device, link).device())
        }
        _ => None,
    };
    Verdict {
        kind: finding.kind,
        severity: finding.severity,
        active: true,
        ended: None,
        container: case.container.clone(),
        culprit: None,
        bottleneck,
        fix: match &case.facts {
            Facts::Cut { cut, last } => beyond::smaller_datagrams(case.netns, cut.mtu, last.0.dst.ip(), node),
            Facts::Lost(lost) => beyond::whole_datagrams(case.netns, lost, &path, node),
            Facts::Holes(holes) => {
                holes.values().next().map_or(Vec::new(), |hole| beyond::beyond(hole, &path, node))
            }
        },
        path,
        summary: format!("{who}: {}", finding.effect),
        evidence: finding.evidence,
    }
}

/// Makes the verdict out of a finding and what the node looks like now.
pub fn verdict(trouble: &Evidence, finding: Finding, active: bool, node: &Node) -> Verdict {
    let m = &trouble.mismatch;
    let container = trouble.container.clone();
    let who = container.as_ref().map_or_else(|| describe::owner(trouble.netns, node), describe::container);
    let (limit, narrow) = match &trouble.tunnel {
        Some(below) => (format!("what carries it with {} bytes of headers", below.overhead), &below.device),
        None if trouble.silent.is_some() => ("what faces it".to_owned(), &m.bottleneck),
        None => ("the way out".to_owned(), &m.bottleneck),
    };
    let culprit = describe::device(&m.culprit, node);
    let alone = trouble.silent.as_ref().and_then(|pair| topology::odd_port(node, pair.narrow));
    let number = match alone.zip(m.path.first()) {
        Some((carries, wide)) => format!(
            "{culprit} has MTU {}, but all around it carries {carries}, and {} sends up to {}: set it to {}",
            m.culprit.mtu,
            describe::device(wide, node),
            wide.mtu,
            carries.min(wide.mtu)
        ),
        None => format!(
            "{culprit} has MTU {}, but {limit}, {}, carries only {}: set it to {}",
            m.culprit.mtu,
            describe::device(narrow, node),
            narrow.mtu,
            m.bottleneck.mtu,
        ),
    };
    let summary = format!("{who}: {}. {number}", finding.effect);
    let mut path = m.path.clone();
    if let Some(below) = &trouble.tunnel {
        path.retain(|hop| hop.id() != below.tunnel.id());
        path.extend([&below.tunnel, &below.device].map(Hop::clone));
    }
    let mut evidence = finding.evidence;
    evidence.extend(words::figures(trouble));
    evidence.extend(words::advmss(trouble, node));
    Verdict {
        kind: finding.kind,
        severity: finding.severity,
        active,
        ended: None,
        fix: match (&trouble.silent, &trouble.tunnel) {
            (Some(_), _) => remediation::level(m, node),
            (_, Some(below)) => remediation::tunnel::fixes(below, node),
            _ => remediation::fixes(m, container.as_ref(), trouble.netns, node),
        },
        container,
        culprit: Some(m.culprit.device()),
        bottleneck: Some(narrow.device()),
        path,
        summary,
        evidence,
    }
}
