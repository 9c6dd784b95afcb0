//! What is wrong before a packet is sent: a run tells it as the map does.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::time::Duration;

use mtutrace_tests::check::{assert_mtus, skip};
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::tracer::{End, Tracer};
use serde_json::Value;

const SOON: Duration = Duration::from_secs(20);

/// The first and the last `status` of a run.
fn first_and_last(end: &End) -> (Value, Value) {
    let lines = end.of_kind("status");
    (lines.first().unwrap().clone(), lines.last().unwrap().clone())
}

#[test]
fn a_run_without_traffic_tells_it_and_counts_it() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let only = ["--duration", "1s", "--exit-code", "--container", &lab.inner.id];
    let end = Tracer::start(&only).unwrap().finish().unwrap();
    assert_eq!(end.code, Some(1), "{}", end.stderr);
    assert!(end.of_kind("verdict").is_empty(), "nothing was sent: {:#?}", end.of_kind("verdict"));
    let (first, last) = first_and_last(&end);
    for status in [first, last] {
        let found = status["mismatches"].as_array().unwrap_or_else(|| panic!("{status}"));
        let [mismatch] = found.as_slice() else { panic!("{found:#?}") };
        assert_mtus(mismatch, &lab);
        assert_eq!(mismatch["culprit"]["interface"], "docker0", "{mismatch}");
        assert_eq!(mismatch["should_be"], lab.spec().pod_mtu, "{mismatch}");
        assert_eq!(mismatch["affected"][0]["container"]["id"], lab.inner.id.as_str(), "{mismatch}");
        assert_eq!(mismatch["fix"][0]["command"], format!("dockerd --mtu={}", lab.spec().pod_mtu));
    }
    let id = &lab.inner.id[..12];
    assert!(end.stderr.contains(&format!("standing mismatch: container {id}: ")), "{}", end.stderr);

    let end = Tracer::start_text(&only).unwrap().finish().unwrap();
    let text = end.lines.join("\n");
    assert!(
        text.contains("WARNING standing mismatch, no stall of it was seen in this run: container "),
        "{text}"
    );
    assert!(text.contains("dockerd --mtu=1450") && text.contains("No verdict in "), "{text}");
    assert!(!text.contains("No MTU problem"), "{text}");

    lab.apply_fix().unwrap();
    let end = Tracer::start(&only).unwrap().finish().unwrap();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    let (first, last) = first_and_last(&end);
    assert!(first["mismatches"] == last["mismatches"] && first["mismatches"].as_array().unwrap().is_empty());
}

#[test]
fn one_that_comes_while_it_runs_is_counted_and_one_of_others_is_not() {
    if skip() {
        return;
    }
    let spec = IncidentSpec { inner_mtu: 1450, ..Default::default() };
    let lab = Incident::build(spec).unwrap();
    let start = |id: &str| Tracer::start(&["--duration", "60s", "--exit-code", "--container", id]).unwrap();
    let runs = [start(&lab.inner.id), start(&lab.pod.id[..12])];
    lab.inner.netns.ip("link set eth0 mtu 1500").unwrap();
    for mut tracer in runs {
        let told = |line: &Value| line["mismatches"].as_array().is_some_and(|found| !found.is_empty());
        tracer.wait_for("a status with the mismatch", SOON, told).unwrap();
        let end = tracer.interrupt().unwrap();
        assert_eq!(end.code, Some(1), "{}", end.stderr);
        let (first, last) = first_and_last(&end);
        assert!(first["mismatches"].as_array().unwrap().is_empty(), "{first}");
        assert_eq!(last["mismatches"][0]["culprit"]["interface"], "eth0", "{last}");
    }
    // The interface is on no path of it.
    let args = ["--duration", "1s", "--exit-code", "--container", &lab.inner.id, "-i", "cni0"];
    let end = Tracer::start(&args).unwrap().finish().unwrap();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
}
