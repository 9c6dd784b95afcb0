//! The incident over IPv6, where routers never fragment and only ICMPv6 can tell.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::time::Duration;

use mtutrace_tests::check::{assert_mtus, is_verdict, skip};
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::tracer::Tracer;

const BIG: usize = 300_000;
const PATIENCE: Duration = Duration::from_secs(30);
const VERDICT: Duration = Duration::from_secs(15);

fn spec(icmp_filtered: bool) -> IncidentSpec {
    IncidentSpec { ipv6: true, icmp_filtered, ..Default::default() }
}

#[test]
fn a_filtered_download_is_a_black_hole() {
    if skip() {
        return;
    }
    let lab = Incident::build(spec(true)).unwrap();
    let mut tracer = Tracer::start(&["--duration", "60s", "--exit-code"]).unwrap();
    let mut download = lab.download(BIG, PATIENCE).unwrap();
    download.wait_for_stall().unwrap();
    let wanted = |line: &_| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
    let verdict = tracer.wait_for("pmtu_blackhole about the inner container", VERDICT, wanted).unwrap();
    assert_eq!(verdict["severity"], "critical", "{verdict}");
    assert_eq!(verdict["container"]["parents"][0]["id"], lab.pod.id.as_str(), "{verdict}");
    assert_mtus(&verdict, &lab);

    let end = tracer.interrupt().unwrap();
    assert_eq!(end.code, Some(1), "{}", end.stderr);
    let mut events = end.of_kind("event");
    events.retain(|event| event["container"]["id"] == lab.inner.id.as_str());
    assert!(!events.is_empty(), "a verdict without events");
    assert!(events.iter().all(|event| event["family"] == "ipv6"), "{events:#?}");
}

#[test]
fn an_unfiltered_download_is_a_mismatch() {
    if skip() {
        return;
    }
    let lab = Incident::build(spec(false)).unwrap();
    let mut tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    assert!(lab.download(BIG, PATIENCE).unwrap().finish().unwrap().complete, "it must recover");
    let wanted = |line: &_| is_verdict(line, "mtu_mismatch", &lab.inner.id);
    let verdict = tracer.wait_for("mtu_mismatch about the inner container", VERDICT, wanted).unwrap();
    assert_eq!(verdict["severity"], "warning", "{verdict}");
    assert_eq!(verdict["container"]["parents"][0]["id"], lab.pod.id.as_str(), "{verdict}");
    assert_mtus(&verdict, &lab);

    let verdicts = tracer.interrupt().unwrap().last_of_kind("verdict");
    assert!(!verdicts.iter().any(|line| is_verdict(line, "pmtu_blackhole", &lab.inner.id)), "{verdicts:#?}");
}

#[test]
fn without_nat() {
    if skip() {
        return;
    }
    let spec = IncidentSpec { nat: false, node_nat: false, ..spec(true) };
    let lab = Incident::build(spec).unwrap();
    let mut tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    let _download = lab.download(BIG, PATIENCE).unwrap();
    let wanted = |line: &_| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
    let verdict = tracer.wait_for("pmtu_blackhole about the inner container", VERDICT, wanted).unwrap();
    assert_mtus(&verdict, &lab);
}
