//! A stall is foreseen from the first SYN: nothing has been lost yet, and nothing is.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::time::Duration;

use mtutrace_tests::check::{assert_mtus, assert_only_verdict, is_verdict, skip};
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::tracer::Tracer;

const SMALL: usize = 1000;
const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn a_small_download_that_works() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec { nested_cgroup: true, ..Default::default() }).unwrap();
    let args = ["--duration", "60s", "--exit-code", "--container", &lab.inner.id];
    let mut tracer = Tracer::start(&args).unwrap();
    assert!(lab.download(SMALL, PATIENCE).unwrap().finish().unwrap().complete);
    let wanted = |line: &_| is_verdict(line, "mss_exceeds_path", &lab.inner.id);
    let verdict = tracer.wait_for("mss_exceeds_path", PATIENCE, wanted).unwrap();
    assert_eq!(verdict["severity"], "warning", "{verdict}");
    assert_eq!(verdict["container"]["parents"][0]["id"], lab.pod.id.as_str(), "{verdict}");
    assert_mtus(&verdict, &lab);

    lab.apply_fix().unwrap();
    let gone = |line: &serde_json::Value| wanted(line) && line["active"] == false;
    tracer.wait_for("active: false", PATIENCE, gone).unwrap();
    let end = tracer.interrupt().unwrap();
    assert_eq!(end.code, Some(1), "it was a problem; {}", end.stderr);
    assert_only_verdict(&end, "mss_exceeds_path", &lab.inner.id);
    let events = end.of_kind("event");
    assert!(events.iter().all(|event| event["signal"] == "mss_exceeds_path"), "nothing died: {events:#?}");
}
