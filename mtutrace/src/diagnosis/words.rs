//! The words that verdicts share. What comes from outside is escaped where it is printed, not here.
use crate::diagnosis::evidence::Evidence;
use crate::model::{Node, SignalKind};
use crate::topology::lookup::{Lookup, lookup};

/// A span of nanoseconds for people.
pub(super) fn seconds(ns: u64) -> String {
    let tenths = ns / 100_000_000;
    format!("{}.{} s", tenths / 10, tenths % 10)
}

/// "came once", or how often in how long.
pub(super) fn times(count: u64, span_ns: u64) -> String {
    if count == 1 { "came".to_owned() } else { format!("came {count} times in {}", seconds(span_ns)) }
}

/// A number of things, in English.
pub(super) fn things(count: u64, thing: &str) -> String {
    format!("{count} {thing}{}", if count == 1 { "" } else { "s" })
}

/// Sentences with the figures of a trouble.
pub(super) fn figures(trouble: &Evidence) -> Vec<String> {
    let span = trouble.last_ns.saturating_sub(trouble.first_ns);
    let within =
        if span < 100_000_000 { " at once".to_owned() } else { format!(" within {}", seconds(span)) };
    let dropped = trouble.count(SignalKind::Drop).saturating_sub(trouble.filtered);
    let limits: Vec<String> = trouble.limits.keys().map(u32::to_string).collect();
    let limits =
        if limits.is_empty() { String::new() } else { format!(" at an MTU of {}", limits.join(", ")) };
    let mut sentences = Vec::new();
    if dropped > 0 {
        sentences.push(format!(
            "the kernel dropped {} with segments of up to {} bytes{limits}{within}",
            things(dropped, "packet"),
            trouble.largest
        ));
    } else if trouble.count(SignalKind::Oversized) > 0 {
        sentences.push(format!(
            "the way out was too small for {} with segments of up to {} bytes{limits}{within}",
            things(trouble.count(SignalKind::Oversized), "packet"),
            trouble.largest
        ));
    }
    let promises = trouble.count(SignalKind::MssExceedsPath);
    if promises > 0 {
        sentences.push(format!(
            "{} of its own promised to take segments of up to {} bytes",
            things(promises, "handshake"),
            trouble.promised
        ));
    }
    let sent = trouble.count(SignalKind::IcmpSent);
    if sent > 0 {
        sentences.push(format!(
            "this node sent {} about them",
            things(sent, "ICMP \"fragmentation needed\" message")
        ));
    }
    let seen = trouble.count(SignalKind::IcmpSeen);
    if seen > 0 {
        sentences.push(format!("{} about them passed its devices", things(seen, "ICMP \"too big\" message")));
    }
    let retransmits = trouble.count(SignalKind::Retransmit);
    if retransmits > 0 {
        sentences.push(format!("sockets of this node sent {} again", things(retransmits, "too-big segment")));
    }
    sentences
}

/// What the container's route says of the MSS in its handshakes, if anything.
pub(super) fn advmss(trouble: &Evidence, node: &Node) -> Option<String> {
    if trouble.count(SignalKind::MssExceedsPath) == 0 {
        return None;
    }
    let Lookup::Out(out) = lookup(node.netns.get(&trouble.netns)?, None) else { return None };
    // The way that the trouble is about.
    let way = trouble.mismatch.path.first().filter(|own| own.id().ifindex == out.ifindex);
    way.and(out.advmss).map(|mss| format!("its route says advmss {mss}"))
}
