//! The founding incident: full-size segments die, and nobody tells the sender.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use mtutrace_tests::check::{assert_mtus, assert_only_verdict, is_verdict, skip};
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::tracer::Tracer;
use serde_json::Value;

const BIG: usize = 300_000;
const STALLED: Duration = Duration::from_secs(30);
const VERDICT: Duration = Duration::from_secs(30);

/// Three pairs that nobody could have written into the tracer: (inner, pod).
fn pairs() -> [(u32, u32); 3] {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    let mut state = now ^ (u64::from(std::process::id()) << 32) | 1;
    let mut random = |from: u32, to: u32| {
        // xorshift64: any spread will do.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        from + (state >> 33) as u32 % (to - from + 1)
    };
    let usual = (1500, 1500 - random(8, 180));
    let small = random(1330, 1490);
    let jumbo = random(3000, 9000);
    [usual, (small, small - random(4, 50)), (jumbo, jumbo - random(20, 1500))]
}

/// With one of [`pairs`].
fn stalled_download((inner_mtu, pod_mtu): (u32, u32), nested_cgroup: bool) {
    eprintln!("inner MTU {inner_mtu}, pod MTU {pod_mtu}");
    let lab =
        Incident::build(IncidentSpec { inner_mtu, pod_mtu, nested_cgroup, ..Default::default() }).unwrap();
    let mut tracer = Tracer::start(&["--duration", "60s", "--exit-code"]).unwrap();
    let _download = lab.download(BIG, STALLED).unwrap();

    let wanted = |line: &_| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
    let verdict = tracer.wait_for("pmtu_blackhole about the inner container", VERDICT, wanted).unwrap();
    assert_eq!(verdict["severity"], "critical", "{verdict}");
    assert_eq!(verdict["active"], true, "{verdict}");
    assert_eq!(verdict["container"]["parents"][0]["id"], lab.pod.id.as_str(), "{verdict}");
    assert_mtus(&verdict, &lab);

    let end = tracer.interrupt().unwrap();
    assert_only_verdict(&end, "pmtu_blackhole", &lab.inner.id);
    assert_eq!(end.code, Some(1), "--exit-code, and a problem was found; stderr:\n{}", end.stderr);
}

#[test]
fn a_stalled_download_is_charged_to_the_inner_container() {
    if !skip() {
        stalled_download(pairs()[0], false);
    }
}

#[test]
fn likewise_with_small_mtus_and_a_nested_cgroup() {
    if !skip() {
        stalled_download(pairs()[1], true);
    }
}

#[test]
fn likewise_with_jumbo_mtus() {
    if !skip() {
        stalled_download(pairs()[2], false);
    }
}

#[test]
fn a_stalled_upload_is_a_black_hole_too() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let mut tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    let _upload = lab.upload(BIG, STALLED).unwrap();
    let wanted = |line: &_| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
    let verdict = tracer.wait_for("pmtu_blackhole about the inner container", VERDICT, wanted).unwrap();
    assert_eq!(verdict["severity"], "critical", "{verdict}");
    assert_mtus(&verdict, &lab);
    let end = tracer.interrupt().unwrap();
    assert_only_verdict(&end, "pmtu_blackhole", &lab.inner.id);
    assert_eq!(end.code, Some(0), "without --exit-code a verdict is not a failure");
}

/// With timestamps a segment has 12 bytes more than its payload and 40: 1448 of payload do not fit into 1492.
#[test]
fn a_retransmit_counts_with_the_options_that_it_carries() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec { inner_mtu: 1500, pod_mtu: 1492, ..Default::default() }).unwrap();
    let mut tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    let _download = lab.download(BIG, STALLED).unwrap();
    let wanted =
        |line: &Value| line["signal"] == "retransmit" && line["container"]["id"] == lab.inner.id.as_str();
    let event = tracer.wait_for("a retransmit", VERDICT, wanted).unwrap();
    assert_eq!(event["length"], 1500, "{event}");
}
