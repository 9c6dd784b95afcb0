//! The router that says what fits has a firewall that drops it on its way out: nobody else ever sees the message.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::time::Duration;

use mtutrace_tests::check::{assert_mtus, is_verdict, skip};
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::nft;
use mtutrace_tests::lab::tracer::{End, Tracer};
use serde_json::Value;

/// A sender that stalled before we came doubles its pauses; one of its retransmissions must be enough.
const ONE_PAUSE: Duration = Duration::from_secs(30);

fn lab() -> Incident {
    let spec = IncidentSpec { icmp_filtered: false, ..Default::default() };
    let lab = Incident::build(spec).unwrap();
    lab.node.nft(&nft::drop_frag_needed("output")).unwrap();
    lab
}

/// The messages that died, each with the flow that it quotes.
fn filtered(end: &End) -> Vec<Value> {
    let events = end.of_kind("event").into_iter();
    events.filter(|event| event["cause"] == "icmp_filtered").collect()
}

#[test]
fn its_messages_are_of_the_flow_that_they_quote() {
    if skip() {
        return;
    }
    let lab = lab();
    let mut tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    let _download = lab.download(300_000, Duration::from_secs(60)).unwrap();
    let wanted = |line: &_| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
    let verdict = tracer.wait_for("pmtu_blackhole", ONE_PAUSE, wanted).unwrap();
    assert_eq!(verdict["severity"], "critical", "{verdict}");
    assert_mtus(&verdict, &lab);
    assert!(!verdict["summary"].as_str().unwrap().contains("recover"), "{verdict}");
    let end = tracer.interrupt().unwrap();
    let filtered = filtered(&end);
    // The other test's are here too.
    let nobody: Vec<_> = filtered.iter().filter(|event| event["container"].is_null()).collect();
    assert!(nobody.is_empty(), "whose traffic they are about: {nobody:#?}");
    let ours = filtered.iter().filter(|event| event["container"]["id"] == lab.inner.id.as_str()).count();
    assert!(ours > 0, "no message was seen to die");
    let standing = end.last_of_kind("verdict");
    let verdict = standing.iter().find(|line| is_verdict(line, "pmtu_blackhole", &lab.inner.id)).unwrap();
    assert_eq!(verdict["facts"]["icmp_filtered"].as_u64(), Some(ours as u64), "{verdict}");
}

#[test]
fn a_stall_of_before_is_critical_at_its_next_packet() {
    if skip() {
        return;
    }
    let lab = lab();
    let mut download = lab.download(300_000, Duration::from_secs(90)).unwrap();
    download.wait_for_stall().unwrap();
    let mut tracer = Tracer::start(&["--duration", "90s"]).unwrap();
    let filtered = |line: &Value| line["cause"] == "icmp_filtered";
    tracer.wait_for("a message that dies", ONE_PAUSE, filtered).unwrap();
    let wanted = |line: &_| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
    let verdict = tracer.wait_for("pmtu_blackhole", ONE_PAUSE, wanted).unwrap();
    assert_eq!(verdict["severity"], "critical", "{verdict}");
    // Its next retransmission is seconds away.
    assert_eq!(verdict["facts"]["icmp_filtered"].as_u64().map(|n| n > 0), Some(true), "{verdict}");
    assert!(verdict["facts"]["span_ms"].as_u64().unwrap_or(0) < 1000, "not at once: {verdict}");
}
