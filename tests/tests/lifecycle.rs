//! A run from start to end: the node changes under it, it says so, and it leaves nothing behind.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::time::{Duration, Instant};

use mtutrace_tests::check::{has_tcx, is_verdict, skip};
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::leaks::Held;
use mtutrace_tests::lab::tracer::Tracer;
use mtutrace_tests::lab::traffic::Transfer;

const BIG: usize = 300_000;
const STALLED: Duration = Duration::from_secs(40);
const SOON: Duration = Duration::from_secs(30);

#[test]
fn the_verdict_goes_inactive_after_the_fix_and_the_final_report_has_it() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let mut tracer = Tracer::start(&["--duration", "90s"]).unwrap();
    let download = lab.download(BIG, STALLED).unwrap();
    let wanted = |line: &_| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
    tracer.wait_for("pmtu_blackhole", SOON, wanted).unwrap();

    drop(download);
    lab.apply_fix().unwrap();
    assert!(lab.download(BIG, SOON).unwrap().finish().unwrap().complete);
    let gone = |line: &serde_json::Value| wanted(line) && line["active"] == false;
    tracer.wait_for("active: false", Duration::from_secs(20), gone).unwrap();
    tracer.interrupt().unwrap();
}

#[test]
fn ctrl_c_prints_the_final_report() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let mut tracer = Tracer::start(&["--duration", "90s"]).unwrap();
    let _download = lab.download(BIG, STALLED).unwrap();
    let wanted = |line: &_| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
    tracer.wait_for("pmtu_blackhole", SOON, wanted).unwrap();

    let end = tracer.interrupt().unwrap();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    assert!(end.last_of_kind("verdict").iter().any(wanted), "{:#?}", end.last);
    let status = end.of_kind("status").pop().unwrap();
    for field in ["events", "lost", "duration_ms"] {
        assert!(status[field].is_u64(), "{field} of the last status: {status}");
    }
}

#[test]
fn a_container_and_a_bridge_that_come_later_are_traced_within_two_seconds() {
    if skip() {
        return;
    }
    let mut lab = Incident::build(IncidentSpec::default()).unwrap();
    let mut tracer = Tracer::start(&["--duration", "90s"]).unwrap();
    lab.add_late_container().unwrap();
    // From when it is complete: how long a busy machine takes to build it is not the tracer's doing.
    let born = Instant::now();
    let late = &lab.added[0];
    let download = Transfer::get(late.place(), &lab.url(BIG), STALLED).unwrap();
    let about =
        |line: &serde_json::Value| line["kind"] == "event" && line["container"]["id"] == late.id.as_str();
    let left = Duration::from_secs(2).saturating_sub(born.elapsed());
    tracer.wait_for("an event of the late container", left, about).unwrap();
    eprintln!("first event {:?} after the late container was there", born.elapsed());
    let wanted = |line: &_| is_verdict(line, "pmtu_blackhole", &late.id);
    // How soon it is proven is up to the sender, which doubles its pauses.
    let verdict = tracer.wait_for("pmtu_blackhole about it", STALLED, wanted).unwrap();
    assert_eq!(verdict["container"]["parents"][0]["id"], lab.pod.id.as_str(), "{verdict}");
    drop(download);
    tracer.interrupt().unwrap();
}

#[test]
fn nothing_is_left_in_the_kernel() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let filters = || {
        let namespaces = [&lab.node, &lab.pod.netns, &lab.inner.netns, &lab.server];
        namespaces.map(|netns| netns.enter(tc_filters).unwrap()).concat()
    };
    let ours = || filters().matches("mtut_").count();
    for killed in [false, true] {
        let tracer = Tracer::start(&["--duration", "60s"]).unwrap();
        let held = Held::by(tracer.pid()).unwrap();
        assert!(!held.programs.is_empty(), "a tracer that is ready holds programs");
        let attached = ours();
        assert_eq!(attached == 0, has_tcx(), "filters are for kernels without TCX: {}", filters());
        if killed {
            tracer.kill().unwrap();
        } else {
            assert_eq!(tracer.interrupt().unwrap().code, Some(0));
        }
        if killed && !has_tcx() {
            // There, a filter outlives whoever put it there; the next run replaces it and takes it away in the end.
            let next = Tracer::start(&["--duration", "60s"]).unwrap();
            assert_eq!(ours(), attached, "one set of filters: {}", filters());
            assert_eq!(next.interrupt().unwrap().code, Some(0));
        }
        held.await_gone(SOON).unwrap();
        assert!(!filters().contains("bpf"), "killed={killed}: {}", filters());
    }
}

/// What `tc` shows of classic filters in the namespace of the calling thread.
fn tc_filters() -> String {
    let show = |args: &[&str]| {
        let output = std::process::Command::new("tc").args(args).output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let devices = std::fs::read_to_string("/proc/thread-self/net/dev").unwrap();
    let names = devices.lines().skip(2).filter_map(|line| Some(line.split_once(':')?.0.trim()));
    names
        .flat_map(|name| ["ingress", "egress"].map(|side| show(&["filter", "show", "dev", name, side])))
        .collect()
}

#[test]
fn a_reader_that_leaves_ends_the_run_quietly() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let mut tracer = Tracer::start_with_leaving_reader(&["--duration", "60s"]).unwrap();
    assert!(tracer.next_line(SOON).is_some(), "the first line arrives");
    let _download = lab.download(BIG, STALLED).unwrap();
    let end = tracer.finish().unwrap();
    assert!(end.code == Some(0) || end.signal == Some(libc::SIGPIPE), "{:?}/{:?}", end.code, end.signal);
    let stderr = end.stderr.to_lowercase();
    assert!(!stderr.contains("panic") && !stderr.contains("broken pipe"), "{stderr}");
}
