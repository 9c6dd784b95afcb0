//! An engineer comes when the build has been hanging for a while: no handshake is left to be seen.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::time::Duration;

use mtutrace_tests::check::{assert_mtus, is_verdict, skip};
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::tracer::Tracer;

#[test]
fn a_download_that_stalled_before() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let mut download = lab.download(300_000, Duration::from_secs(60)).unwrap();
    download.wait_for_stall().unwrap();

    let mut tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    // Only retransmissions are left, and the sender doubles its pauses: give it time for a few.
    let wanted = |line: &_| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
    let verdict = tracer.wait_for("pmtu_blackhole", Duration::from_secs(30), wanted).unwrap();
    assert_eq!(verdict["severity"], "critical", "{verdict}");
    assert_eq!(verdict["container"]["parents"][0]["id"], lab.pod.id.as_str(), "{verdict}");
    assert_mtus(&verdict, &lab);
}
