//! The same wrong number while ICMP gets through: slow starts, no stall, a warning.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::time::Duration;

use mtutrace_tests::check::{assert_mtus, assert_only_verdict, is_verdict, skip};
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::tracer::Tracer;
use mtutrace_tests::lab::traffic::Transfer;

const BIG: usize = 300_000;
const PATIENCE: Duration = Duration::from_secs(15);

/// Traces one transfer that recovers; the verdict must be the mild one, now and in the end.
fn recovers(spec: IncidentSpec, transfer: impl FnOnce(&Incident) -> Transfer) {
    if skip() {
        return;
    }
    let lab = Incident::build(spec).unwrap();
    let mut tracer = Tracer::start(&["--duration", "60s", "--exit-code"]).unwrap();
    let outcome = transfer(&lab).finish().unwrap();
    assert!(outcome.complete, "it must recover: {outcome:?}");

    let wanted = |line: &_| is_verdict(line, "mtu_mismatch", &lab.inner.id);
    let verdict = tracer.wait_for("mtu_mismatch about the inner container", PATIENCE, wanted).unwrap();
    assert_eq!(verdict["severity"], "warning", "{verdict}");
    assert_eq!(verdict["container"]["parents"][0]["id"], lab.pod.id.as_str(), "{verdict}");
    assert_mtus(&verdict, &lab);

    let end = tracer.interrupt().unwrap();
    assert_only_verdict(&end, "mtu_mismatch", &lab.inner.id);
    assert_eq!(end.code, Some(1), "{}", end.stderr);
}

#[test]
fn a_download_that_recovers() {
    recovers(IncidentSpec { icmp_filtered: false, ..Default::default() }, |lab| {
        lab.download(BIG, PATIENCE).unwrap()
    });
}

#[test]
fn an_upload_with_df_that_recovers() {
    recovers(IncidentSpec { icmp_filtered: false, nested_cgroup: true, ..Default::default() }, |lab| {
        lab.upload(BIG, PATIENCE).unwrap()
    });
}

#[test]
fn without_nat_on_the_node() {
    let spec = IncidentSpec { icmp_filtered: false, node_nat: false, ..Default::default() };
    recovers(spec, |lab| lab.download(BIG, PATIENCE).unwrap());
}
