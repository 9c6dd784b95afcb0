//! The last line of a run: never more than was seen. docs/OUTPUT.md has a table of these sentences.
use mtutrace_common::config::DropCause;

use crate::model::Outcomes;
use crate::output::Losses;
use crate::output::plural::plural;
use crate::telemetry::TraceStatus;

/// What there was that led to no verdict and can do no harm, to follow what the run was about; empty if there was nothing.
pub(crate) fn quiet(outcomes: &Outcomes) -> String {
    let mut parts = Vec::new();
    if outcomes.adapted > 0 {
        let packets = of(outcomes.adapted, "packet was", "packets were");
        parts.push(format!("{packets} too big; the senders were told and sent none of that size again"));
    }
    if outcomes.told > 0 {
        let datagrams = of(outcomes.told, "datagram was", "datagrams were");
        parts.push(format!("{datagrams} too big; the senders were told"));
    }
    if outcomes.fragmented > 0 {
        let datagrams = of(outcomes.fragmented, "datagram", "datagrams");
        let lost = [DropCause::Reassembly, DropCause::FragmentFiltered]
            .iter()
            .any(|cause| outcomes.unexplained.contains_key(cause.name()));
        let all = if lost { "" } else { ", and none was seen to be lost" };
        parts.push(format!("fragments of {datagrams} passed{all}"));
    }
    if outcomes.elsewhere > 0 {
        let events = of(outcomes.elsewhere, "event", "events");
        parts.push(format!("{events} of packets too big in namespaces that could not be looked into"));
    }
    parts.iter().map(|part| format!("; {part}")).collect()
}

/// What could not be traced, to follow what was lost; empty if all was.
pub(super) fn untraced(status: &TraceStatus) -> String {
    let parts: Vec<String> = [
        (status.refused, ("interface", "interfaces")),
        (status.unreadable, ("network namespace", "network namespaces")),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, (one, many))| plural(count, one, many))
    .collect();
    if parts.is_empty() { String::new() } else { format!(", NOT TRACED: {}", parts.join(" and ")) }
}

/// The line about what was not seen, if anything was not.
pub(crate) fn open(unseen: &[String]) -> Option<String> {
    (!unseen.is_empty()).then(|| format!("Not all was seen: {}", unseen.join(" ")))
}

/// What is missing from the output so far, and why: a line each.
pub(super) fn losses(losses: &Losses) -> Vec<String> {
    let Losses { events, lines, .. } = losses;
    let mut said = Vec::new();
    if *events > 0 {
        said.push(format!("{events} events LOST so far: they came faster than mtutrace could read them"));
    }
    if *lines > 0 {
        said.push(format!("{lines} lines LEFT OUT so far: stdout was not read fast enough"));
    }
    said
}

fn of(count: u64, one: &str, many: &str) -> String {
    plural(usize::try_from(count).unwrap_or(usize::MAX), one, many)
}

/// The line about what led to no verdict and may have done harm, if there was any.
pub(crate) fn unexplained(outcomes: &Outcomes) -> Option<String> {
    let counts: Vec<String> = outcomes.unexplained.iter().map(|(cause, n)| format!("{cause} {n}")).collect();
    (!counts.is_empty()).then(|| {
        format!("Not explained, and not seen to end well: {}. Run it for longer, or see each of them with -o json.", counts.join(", "))
    })
}

/// The line about connections that got no answer, if there were any.
pub(crate) fn unanswered(outcomes: &Outcomes) -> Option<String> {
    (outcomes.unanswered > 0).then(|| {
        let connections = of(outcomes.unanswered, "connection", "connections");
        format!(
            "Stalled, cause unknown: {connections} sent a request that was acknowledged, and nothing came back for 5 s and more. A slow \
             server looks like this, and so does a path that swallows the first large answer."
        )
    })
}

/// The line about obstacles that the model of the node does not lead to, if there were any.
pub(crate) fn disagreements(count: u64) -> Option<String> {
    (count > 0).then(|| {
        let obstacles = of(count, "obstacle was", "obstacles were");
        format!("{obstacles} named by packets alone: routes and devices lead elsewhere, as far as they could be followed.")
    })
}

/// The line about packets with forged addresses, if there were any.
pub(crate) fn forged(count: u64) -> Option<String> {
    (count > 0).then(|| {
        let events = of(count, "event was", "events were");
        format!("{events} of packets that bore another's address: a container of this node sent them. They count for nobody.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_traced_is_told() {
        let status = |refused, unreadable| TraceStatus { refused, unreadable, ..TraceStatus::default() };
        assert_eq!(untraced(&status(0, 0)), "");
        assert_eq!(untraced(&status(2, 1)), ", NOT TRACED: 2 interfaces and 1 network namespace");
    }

    #[test]
    fn each_sentence_says_what_was_seen() {
        let none = Outcomes::default();
        assert_eq!((quiet(&none), unexplained(&none)), (String::new(), None));
        let some = Outcomes { adapted: 12, told: 1, fragmented: 2, ..Outcomes::default() };
        assert_eq!(
            quiet(&some),
            "; 12 packets were too big; the senders were told and sent none of that size again; 1 datagram was too big; the \
             senders were told; fragments of 2 datagrams passed, and none was seen to be lost"
        );
        assert_eq!((disagreements(0), unanswered(&none), forged(0)), (None, None, None));
        assert!(forged(2).unwrap().starts_with("2 events were of packets that bore another's address"));
        let waits = Outcomes { unanswered: 1, ..Outcomes::default() };
        assert!(
            unanswered(&waits).unwrap().starts_with("Stalled, cause unknown: 1 connection sent a request")
        );
        assert!(disagreements(1).unwrap().starts_with("1 obstacle was named by packets alone"));
        let lost =
            Outcomes { fragmented: 2, unexplained: [("reassembly_failed", 2)].into(), ..Outcomes::default() };
        assert_eq!(quiet(&lost), "; fragments of 2 datagrams passed", "not that all of them arrived");
        let others = Outcomes { elsewhere: 3, ..Outcomes::default() };
        assert_eq!(
            quiet(&others),
            "; 3 events of packets too big in namespaces that could not be looked into"
        );
        let open = Outcomes { unexplained: [("forward_df", 3), ("stalled", 1)].into(), ..none };
        let line = unexplained(&open).unwrap();
        assert!(
            line.starts_with("Not explained, and not seen to end well: forward_df 3, stalled 1."),
            "{line}"
        );
    }
}
