//! A stall is foreseen from the first SYN: nothing has been lost yet, and nothing is.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::time::Duration;

use mtutrace_tests::check::{assert_mtus, assert_only_verdict, is_verdict, skip};
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::nft;
use mtutrace_tests::lab::place::Place;
use mtutrace_tests::lab::tracer::{End, Tracer};
use mtutrace_tests::lab::traffic::{HttpServer, Transfer};
use serde_json::Value;

const BIG: usize = 300_000;
const SMALL: usize = 1000;
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether the container's stall was foreseen, in the order of the lines, before anything of it died.
fn assert_foreseen(end: &End, container: &str) {
    let lines: Vec<Value> = end.lines.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let place = |wanted: &dyn Fn(&Value) -> bool| lines.iter().position(wanted);
    let verdict = place(&|line| is_verdict(line, "mss_exceeds_path", container));
    let death = place(&|line| {
        let dies = ["drop", "frag_failed", "oversized", "icmp_sent"].iter().any(|s| line["signal"] == *s);
        line["kind"] == "event" && dies && line["container"]["id"] == container
    });
    let (verdict, death) = (verdict.expect("a verdict"), death.expect("something died"));
    assert!(verdict < death, "line {verdict} is after line {death}: {:#?}", &lines[..=verdict]);
}

/// From the first packet too big to the line that foresaw it, in plain transfers at the speed of the machine.
fn foreseen(transfer: impl FnOnce(&Incident) -> Transfer) {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let mut tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    let _stalls = transfer(&lab);
    let wanted = |line: &_| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
    tracer.wait_for("pmtu_blackhole", PATIENCE, wanted).unwrap();
    assert_foreseen(&tracer.interrupt().unwrap(), &lab.inner.id);
}

#[test]
fn before_a_download_stalls() {
    foreseen(|lab| lab.download(BIG, PATIENCE).unwrap());
}

#[test]
fn before_an_upload_stalls() {
    foreseen(|lab| lab.upload(BIG, PATIENCE).unwrap());
}

/// The container is the server: its SYN-ACK promises too much.
#[test]
fn before_an_upload_to_a_container_stalls() {
    if skip() {
        return;
    }
    let spec = IncidentSpec { nat: false, node_nat: false, ..Default::default() };
    let lab = Incident::build(spec).unwrap();
    let _server = HttpServer::start(lab.inner.place(), 80).unwrap();
    let mut tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    let url = format!("http://{}/0", lab.inner.address);
    let _stalls = Transfer::put(Place::host(&lab.server), &url, BIG, PATIENCE).unwrap();
    let wanted = |line: &_| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
    tracer.wait_for("pmtu_blackhole", PATIENCE, wanted).unwrap();
    assert_foreseen(&tracer.interrupt().unwrap(), &lab.inner.id);
}

/// A router on the way makes the promise smaller: nothing to foresee, in neither direction.
#[test]
fn not_where_the_mss_is_clamped() {
    if skip() {
        return;
    }
    let spec = IncidentSpec { nat: false, node_nat: false, ..Default::default() };
    let lab = Incident::build(spec).unwrap();
    lab.node.nft(nft::CLAMP).unwrap();
    let _server = HttpServer::start(lab.inner.place(), 80).unwrap();
    let tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    assert!(lab.download(BIG, PATIENCE).unwrap().finish().unwrap().complete);
    let url = format!("http://{}/0", lab.inner.address);
    let mut upload = Transfer::put(Place::host(&lab.server), &url, BIG, PATIENCE).unwrap();
    assert!(upload.finish().unwrap().complete);
    let end = tracer.interrupt().unwrap();
    let about = |line: &Value| line["container"]["id"] == lab.inner.id.as_str();
    let said: Vec<Value> =
        ["event", "verdict"].iter().flat_map(|kind| end.of_kind(kind)).filter(about).collect();
    assert!(said.is_empty(), "{said:#?}");
}

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
