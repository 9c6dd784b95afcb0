//! Datagrams are fragmented: it works, and costs; where one fragment is lost, the whole datagram is.
use super::finding::Finding;
use crate::diagnosis::evidence::{Cut, Evidence};
use crate::diagnosis::words;
use crate::model::{Fact, Facts, Severity, VerdictKind, facts};

/// Fewer than this, or all of them within less than that, is something that happens, not a state.
const DATAGRAMS: u64 = 3;
const SPAN_NS: u64 = 1_000_000_000;
/// The same for what breaks no rule: worth a word only if it goes on.
const OWN_DATAGRAMS: u64 = 100;
const OWN_SPAN_NS: u64 = 10_000_000_000;

/// Applies when what the container thinks fits is fragmented on its way, again and again: its MTU is wrong.
pub(super) fn judge(evidence: &Evidence) -> Option<Finding> {
    let cut = evidence.cut.values().max_by_key(|cut| cut.count)?;
    if cut.count < DATAGRAMS || cut.span_ns() < SPAN_NS {
        return None;
    }
    Some(Finding {
        kind: VerdictKind::Fragmentation,
        severity: Severity::Warning,
        effect: "its datagrams are fragmented on the way: slow, and lost whole when one fragment is"
            .to_owned(),
        evidence: vec![seen(cut)],
        facts: numbers(cut),
    })
}

/// Applies when a container goes on to send datagrams larger than its own MTU. No MTU is wrong.
pub(super) fn judge_own(cut: &Cut) -> Option<Finding> {
    if cut.count < OWN_DATAGRAMS || cut.span_ns() < OWN_SPAN_NS {
        return None;
    }
    Some(Finding {
        kind: VerdictKind::Fragmentation,
        severity: Severity::Info,
        effect: format!(
            "it sends datagrams of up to {} bytes, which its own kernel fragments at its MTU of {}. No MTU is wrong; smaller \
             datagrams cost less and are lost less often",
            cut.largest, cut.mtu
        ),
        evidence: vec![seen(cut)],
        facts: numbers(cut),
    })
}

fn numbers(cut: &Cut) -> Facts {
    facts([
        (Fact::DatagramsFragmented, cut.count),
        (Fact::LargestPacketBytes, cut.largest.into()),
        (Fact::LimitBytes, cut.mtu.into()),
        (Fact::SpanMs, words::milliseconds(cut.span_ns())),
    ])
}

fn seen(cut: &Cut) -> String {
    format!(
        "{} of up to {} bytes fragmented at an MTU of {} within {}",
        words::count_of(cut.count, "datagram"),
        cut.largest,
        cut.mtu,
        words::seconds(cut.span_ns())
    )
}
