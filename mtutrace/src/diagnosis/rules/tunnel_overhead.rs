//! A tunnel's MTU leaves no room for its headers: what it is given gets too big for what carries it.
use super::finding::Finding;
use super::{mtu_mismatch, pmtu_blackhole};
use crate::diagnosis::evidence::Evidence;
use crate::model::{Fact, Facts, Severity, SignalKind, VerdictKind, facts};
use crate::topology::Underlay;

/// Applies when packets were too big for a tunnel whose MTU is wrong, or were cut or died outside of it: what would
/// be a mismatch or a black hole elsewhere. Critical when connections stall.
pub(super) fn judge(evidence: &Evidence, below: &Underlay, now_ns: u64) -> Option<Finding> {
    let outside = |signal| evidence.outer.get(&signal).copied().unwrap_or(0);
    let (cut, failed) = (outside(SignalKind::Fragmented), outside(SignalKind::FragFailed));
    let kind = VerdictKind::TunnelOverhead;
    let named = |finding: Finding, effect: &str| Finding { kind, effect: effect.to_owned(), ..finding };
    let waited = now_ns.saturating_sub(evidence.first_ns) >= mtu_mismatch::GRACE_NS;
    let seen = |count: u64| {
        let finding = Finding {
            kind,
            severity: Severity::Warning,
            effect: String::new(),
            evidence: Vec::new(),
            facts: Facts::new(),
        };
        (count > 0 && waited).then_some(finding)
    };
    let mut finding = if let Some(stalled) = pmtu_blackhole::judge(evidence).filter(|_| cut == 0) {
        named(stalled, "its connections are stalled at a tunnel")
    } else if failed == 0
        && let Some(finding) = seen(cut)
    {
        named(
            finding,
            "its packets are too big for a tunnel's underlay and are fragmented outside the tunnel",
        )
    } else {
        let finding = mtu_mismatch::judge(evidence, now_ns).or_else(|| seen(failed))?;
        named(finding, "its packets are too big for a tunnel's underlay and are dropped")
    };
    finding.facts.extend(facts([
        (Fact::TunnelHeaderBytes, below.overhead.into()),
        (Fact::OuterFragmented, cut),
        (Fact::OuterDropped, failed),
    ]));
    let sentences = [(cut, "were fragmented"), (failed, "were dropped, because DF is set")];
    finding.evidence.extend(sentences.iter().filter(|(count, _)| *count > 0).map(|(count, what)| {
        format!(
            "{count} of its packets {what} at {}, with {} bytes of tunnel headers",
            below.device.interface, below.overhead
        )
    }));
    Some(finding)
}
