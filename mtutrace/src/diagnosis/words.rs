//! The words that verdicts share. What comes from outside is escaped where it is printed, not here.
use crate::diagnosis::evidence::Evidence;
use crate::model::{Fact, Facts, Node, SignalKind, describe, facts};
use crate::topology::lookup::{Lookup, lookup};

/// A span of nanoseconds for people.
pub(super) fn seconds(ns: u64) -> String {
    let tenths = ns / 100_000_000;
    format!("{}.{} s", tenths / 10, tenths % 10)
}

/// A span in whole milliseconds, for a program.
pub(super) fn milliseconds(ns: u64) -> u64 {
    ns / 1_000_000
}

/// "was seen once", or how often in how long.
pub(super) fn times(count: u64, span_ns: u64) -> String {
    if count == 1 {
        "was seen once".to_owned()
    } else {
        format!("was seen {count} times in {}", seconds(span_ns))
    }
}

/// A number of things, in English.
pub(super) fn count_of(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// That other connections than the one named are stalled, if there are any; `count` of them in all.
pub(super) fn stalled(count: usize) -> Option<String> {
    (count > 1).then(|| format!("{count} connections are stalled in this way"))
}

/// Sentences with the figures of a evidence.
pub(super) fn figures(evidence: &Evidence) -> Vec<String> {
    let span = evidence.last_ns.saturating_sub(evidence.first_ns);
    let within =
        if span < 100_000_000 { " at once".to_owned() } else { format!(" within {}", seconds(span)) };
    let dropped = evidence.count(SignalKind::Drop).saturating_sub(evidence.filtered);
    let limits: Vec<String> = evidence.limits.keys().map(u32::to_string).collect();
    let limits =
        if limits.is_empty() { String::new() } else { format!(" at an MTU of {}", limits.join(", ")) };
    let mut sentences = Vec::new();
    if dropped > 0 {
        sentences.push(format!(
            "the kernel dropped {} with segments of up to {} bytes{limits}{within}",
            count_of(dropped, "packet"),
            evidence.largest
        ));
    } else if evidence.count(SignalKind::Oversized) > 0 {
        sentences.push(format!(
            "the egress path was too small for {} with segments of up to {} bytes{limits}{within}",
            count_of(evidence.count(SignalKind::Oversized), "packet"),
            evidence.largest
        ));
    }
    let handshakes = evidence.count(SignalKind::MssExceedsPath);
    if handshakes > 0 {
        sentences.push(format!(
            "{} advertised an MSS that allows {}-byte packets",
            count_of(handshakes, "handshake"),
            evidence.promised
        ));
    }
    let sent = evidence.count(SignalKind::IcmpSent);
    if sent > 0 {
        sentences.push(format!(
            "this node sent {} about them",
            count_of(sent, "ICMP \"fragmentation needed\" message")
        ));
    }
    let seen = evidence.count(SignalKind::IcmpSeen);
    if seen > 0 {
        sentences.push(format!(
            "{} about them passed devices of this node",
            count_of(seen, "ICMP \"too big\" message")
        ));
    }
    let retransmits = evidence.count(SignalKind::Retransmit);
    if retransmits > 0 {
        sentences
            .push(format!("sockets of this node retransmitted {}", count_of(retransmits, "too-big segment")));
    }
    sentences
}

/// The same as numbers.
pub(super) fn numbers(evidence: &Evidence) -> Facts {
    facts([
        (Fact::SpanMs, milliseconds(evidence.last_ns.saturating_sub(evidence.first_ns))),
        (Fact::PacketsDropped, evidence.count(SignalKind::Drop).saturating_sub(evidence.filtered)),
        (Fact::PacketsOversized, evidence.count(SignalKind::Oversized)),
        (Fact::LargestPacketBytes, evidence.largest.into()),
        (Fact::LimitBytes, evidence.limits.keys().next().copied().unwrap_or(0).into()),
        (Fact::Handshakes, evidence.count(SignalKind::MssExceedsPath)),
        (Fact::AdvertisedBytes, evidence.promised.into()),
        (Fact::IcmpSent, evidence.count(SignalKind::IcmpSent)),
        (Fact::IcmpSeen, evidence.count(SignalKind::IcmpSeen)),
        (Fact::IcmpFiltered, evidence.filtered),
        (Fact::Retransmits, evidence.count(SignalKind::Retransmit)),
    ])
}

/// What the container's route says of the MSS in its handshakes, if anything.
pub(super) fn advmss(evidence: &Evidence, node: &Node) -> Option<String> {
    if evidence.count(SignalKind::MssExceedsPath) == 0 {
        return None;
    }
    let Lookup::Out(out) = lookup(node.netns.get(&evidence.netns)?, None) else { return None };
    // The path that the evidence is about.
    let way = evidence.mismatch.path.first().filter(|own| own.id().ifindex == out.ifindex);
    way.and(out.advmss).map(|mss| format!("its route sets advmss {mss}"))
}

/// What the drops name that the model of the node finds nothing wrong with, and why it does not.
pub(super) fn unmodelled(evidence: &Evidence, node: &Node) -> Option<String> {
    let obstacle = evidence.obstacle?;
    let narrow = describe::device(&evidence.mismatch.bottleneck, node);
    let why = match (obstacle.older, obstacle.is_on_path) {
        (Some(_), _) => {
            let whose = describe::owner(evidence.netns, node);
            format!("; no device of {whose} takes more, and a connection keeps the MSS that it began with")
        }
        (None, true) => String::new(),
        (None, false) => {
            "; a mark, a policy or a program leads these packets there, which the routes do not show"
                .to_owned()
        }
    };
    Some(format!("the drops name {narrow} and its limit of {} bytes{why}", obstacle.limit))
}
