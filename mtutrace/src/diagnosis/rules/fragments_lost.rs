//! Large datagrams never arrive: some of their fragments die.
use super::finding::Finding;
use crate::diagnosis::evidence::LostFragments;
use crate::diagnosis::words;
use crate::model::{Fact, Severity, VerdictKind, facts};

/// One loss is bad luck.
const DATAGRAMS: usize = 3;

/// Applies when fragments of several datagrams died in a firewall of this node, or did not come at all.
pub(super) fn judge(lost: &LostFragments, last_ns: u64) -> Option<Finding> {
    if lost.datagrams.len() < DATAGRAMS && lost.incomplete < DATAGRAMS as u64 {
        return None;
    }
    let filtered: u64 = lost.filtered.values().sum();
    let within = words::seconds(last_ns.saturating_sub(lost.first_ns));
    let mut evidence = Vec::new();
    if filtered > 0 {
        let dropped = words::count_of(filtered, "fragment");
        evidence.push(format!("a firewall on this node dropped {dropped} within {within}"));
    }
    if lost.given_up > 0 {
        let given_up = words::count_of(lost.given_up, "datagram");
        evidence.push(format!("the receiver gave up {given_up} with missing fragments within {within}"));
    }
    if lost.incomplete > 0 {
        evidence.push(format!(
            "the first fragments of {} came, and none of them was put together",
            words::count_of(lost.incomplete, "datagram")
        ));
    }
    if let Some(flow) = lost.ports.or_else(|| lost.datagrams.first().map(|(flow, _)| *flow)) {
        evidence.push(format!("one of these datagrams went from {} to {}", flow.src.ip(), flow.dst.ip()));
    }
    let cause = if filtered > 0 {
        "a firewall drops fragments, so large datagrams never arrive. Let it pass fragments, or send smaller datagrams"
    } else {
        "fragments are lost on the way, so large datagrams never arrive. Send smaller datagrams, or find what drops the fragments"
    };
    Some(Finding {
        kind: VerdictKind::FragmentsLost,
        severity: Severity::Warning,
        effect: cause.to_owned(),
        evidence,
        facts: facts([
            (Fact::FragmentsFiltered, filtered),
            (Fact::DatagramsGivenUp, lost.given_up),
            (Fact::DatagramsIncomplete, lost.incomplete),
            (Fact::SpanMs, words::milliseconds(last_ns.saturating_sub(lost.first_ns))),
        ]),
    })
}
