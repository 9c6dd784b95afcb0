//! What somebody asked for, and nothing else. Labs of other tests run beside this one: what is let through by
//! mistake would be theirs.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::time::Duration;

use mtutrace_tests::check::{is_verdict, skip};
use mtutrace_tests::lab::datagrams::{Discovery, udp_send};
use mtutrace_tests::lab::incident::{Incident, IncidentSpec, SERVER};
use mtutrace_tests::lab::tracer::{End, Tracer};
use serde_json::{Value, json};

const BIG: usize = 300_000;
const STALLED: Duration = Duration::from_secs(40);
const SOON: Duration = Duration::from_secs(30);

/// Whether the line is about this container or one inside it.
fn within(line: &Value, id: &str) -> bool {
    let parents = line["container"]["parents"].as_array().into_iter().flatten();
    std::iter::once(&line["container"]).chain(parents).any(|one| one["id"] == id)
}

/// The lines that carry findings.
fn findings(end: &End) -> Vec<Value> {
    ["event", "report", "verdict"].iter().flat_map(|kind| end.of_kind(kind)).collect()
}

fn run(args: &[&str]) -> Tracer {
    Tracer::start(&[&["--duration", "90s", "--exit-code"], args].concat()).unwrap()
}

fn await_event(tracer: &mut Tracer) {
    tracer.wait_for("an event", SOON, |line| line["kind"] == "event").unwrap();
}

#[test]
fn a_container_by_the_start_of_its_id_or_that_of_its_parent() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    // A second incident whose events must not get through.
    let other = Incident::build(IncidentSpec::default()).unwrap();
    let mut by_id = run(&["--container", &lab.inner.id[..12]]);
    let mut by_parent = run(&["--container", &lab.pod.id[..12]]);
    let mut of_other = run(&["--container", &other.inner.id]);
    let nobody = run(&["--container", "no-such-container"]);
    let _downloads = [&lab, &other].map(|one| one.download(BIG, STALLED).unwrap());

    for (tracer, lab) in [(&mut by_id, &lab), (&mut by_parent, &lab), (&mut of_other, &other)] {
        let wanted = |line: &_| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
        tracer.wait_for("pmtu_blackhole about the inner container", SOON, wanted).unwrap();
    }
    for (tracer, id) in [(by_id, &lab.inner.id), (by_parent, &lab.pod.id), (of_other, &other.inner.id)] {
        let end = tracer.interrupt().unwrap();
        assert_eq!(end.code, Some(1), "{}", end.stderr);
        for kind in ["event", "report", "verdict"] {
            let lines = end.of_kind(kind);
            assert!(lines.iter().any(|line| line["container"]["id"] != Value::Null), "no {kind}");
            let stray = lines.iter().find(|line| !within(line, id));
            assert!(stray.is_none(), "--container {id} let through {}", stray.unwrap());
        }
    }
    let end = nobody.interrupt().unwrap();
    assert_eq!(end.code, Some(2), "what never matched is not well: {}", end.stderr);
    let said = "no container no-such-container was there while it ran; known: ";
    assert!(end.stderr.contains(said), "{}", end.stderr);
    assert!(findings(&end).is_empty(), "{:#?}", findings(&end));
}

#[test]
fn an_interface_by_its_name() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    // Downloads die at the node's uplink, uploads at the pod's bridge.
    let mut tracers = ["eth0", "docker0"].map(|name| (name, run(&["--interface", name])));
    // Nothing comes in by the bridge that is too small for the download; it was to go out there.
    let mut small = run(&["--interface", "cni0"]);
    let _transfers = (lab.download(BIG, STALLED).unwrap(), lab.upload(BIG, STALLED).unwrap());
    for (_, tracer) in &mut tracers {
        await_event(tracer);
        // Its path has both.
        let wanted = |line: &_| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
        tracer.wait_for("pmtu_blackhole about the inner container", SOON, wanted).unwrap();
    }
    let event = small.wait_for("an event about cni0", SOON, |line| line["kind"] == "event").unwrap();
    assert!([&event["interface"], &event["egress_interface"]].contains(&&json!("cni0")), "{event}");
    for (name, tracer) in tracers {
        let end = tracer.interrupt().unwrap();
        for event in end.of_kind("event") {
            // Where it was seen, or where it was to go.
            assert!([&event["interface"], &event["egress_interface"]].contains(&&json!(name)), "{event}");
        }
        for report in end.of_kind("report") {
            let interfaces = report["interfaces"].as_array().unwrap();
            assert!(interfaces.iter().all(|one| one["interface"] == name), "{report}");
        }
        for verdict in end.of_kind("verdict") {
            let path = verdict["path"].as_array().unwrap();
            assert!(path.iter().any(|hop| hop["interface"] == name), "{verdict}");
        }
    }
}

#[test]
fn a_namespace_by_number_and_by_path() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let (node, pod, inner) =
        [&lab.node, &lab.pod.netns, &lab.inner.netns].map(|one| one.inode().unwrap()).into();
    let node_text = node.to_string();
    let path = format!("/proc/{}/ns/net", lab.inner.pid());
    let mut by_number = run(&["--netns", &node_text]);
    let mut by_path = run(&["--netns", &path]);
    let _download = lab.download(BIG, STALLED).unwrap();
    await_event(&mut by_number);
    let wanted = |line: &_| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
    by_path.wait_for("pmtu_blackhole about the inner container", SOON, wanted).unwrap();

    let end = by_number.interrupt().unwrap();
    for event in end.of_kind("event") {
        let owned = event["container"].is_null();
        assert!(event["netns"] == node || owned, "neither there nor owned by it: {event}");
    }
    // What dies on the node dies on behalf of the inner container, and is let through for both.
    let end = by_path.interrupt().unwrap();
    let events = end.of_kind("event");
    for event in &events {
        assert!(event["netns"] == inner || event["container"]["id"] == lab.inner.id.as_str(), "{event}");
    }
    assert!(events.iter().any(|event| event["netns"] == node || event["netns"] == pod), "{events:#?}");
    for report in end.of_kind("report") {
        let interfaces = report["interfaces"].as_array().unwrap();
        let there = interfaces.iter().all(|one| one["netns"] == inner);
        assert!(report["netns"] == inner || there, "{report}");
    }
}

#[test]
fn a_run_ends_by_itself_after_so_many_events() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let tracer = run(&["-c", "3", "--container", &lab.inner.id]);
    let _download = lab.download(BIG, STALLED).unwrap();
    let end = tracer.finish().unwrap();
    assert!(end.code.is_some(), "killed by {:?}", end.signal);
    assert_eq!(end.of_kind("event").len(), 3, "{:#?}", end.lines);
    assert_eq!(end.of_kind("status").pop().unwrap()["events"], 3);
}

#[test]
fn reports_come_as_often_as_asked() {
    if skip() {
        return;
    }
    const REPORTS: u64 = 10;
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let mut tracer = run(&["--interval", "200ms", "--container", &lab.inner.id]);
    for _ in 0..REPORTS {
        // Something new for each report: a datagram that dies on its way, as nobody hears that it is too big.
        udp_send(lab.inner.place(), &format!("{SERVER}:9"), 1472, 1, Discovery::Df).unwrap();
        tracer.wait_for("a report", SOON, |line| line["kind"] == "report").unwrap();
    }
    let end = tracer.interrupt().unwrap();
    let status = end.of_kind("status").pop().unwrap();
    let seconds = status["duration_ms"].as_u64().unwrap() / 1000;
    // At one a second there would be this many at most, and the one at the end.
    let reports = end.of_kind("report").len() as u64;
    assert!(reports > seconds + 2, "{reports} reports in {seconds} s");
}

/// What passes a filter by flow of two incidents, once it has let through the verdict about the first.
fn by_flow(lab: &Incident, other: &Incident, args: &[&str]) -> End {
    let mut tracer = run(args);
    let _downloads = [lab, other].map(|one| one.download(BIG, STALLED).unwrap());
    let wanted = |line: &_| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
    tracer.wait_for("pmtu_blackhole about the inner container", SOON, wanted).unwrap();
    tracer.interrupt().unwrap()
}

fn has_port(event: &Value, port: u16) -> bool {
    event["sport"] == port || event["dport"] == port
}

#[test]
fn flows_by_an_expression_and_by_a_host() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let other = Incident::build(IncidentSpec { inner_mtu: 1450, ..Default::default() }).unwrap();
    let end = by_flow(
        &lab,
        &other,
        &["--container", &lab.inner.id, "src", "host", SERVER, "and", "tcp", "port", "80"],
    );
    let events = end.of_kind("event");
    assert!(!events.is_empty());
    for event in &events {
        assert!(event["src"] == SERVER && event["protocol"] == "tcp" && has_port(event, 80), "{event}");
    }
    // The counters are those of the events that passed, no more.
    let counted = end.last_of_kind("report");
    let counts = counted.iter().flat_map(|report| report["counters"].as_object().unwrap().values());
    assert_eq!(counts.filter_map(Value::as_u64).sum::<u64>(), events.len() as u64, "{counted:#?}");

    // The container's own address, which the server's side never sees.
    by_flow(&lab, &other, &["--host", "172.17.0.2", "--container", &lab.inner.id]);
}

#[test]
fn flows_of_other_hosts_do_not_pass() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let elsewhere = run(&["--host", "198.51.100.0/24", "--host", "2001:db8:ffff::/48"]);
    // It has had its chance when one without the filter has said all of it.
    let mut all = run(&[]);
    let _download = lab.download(BIG, STALLED).unwrap();
    let wanted = |line: &_| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
    all.wait_for("pmtu_blackhole about the inner container", SOON, wanted).unwrap();
    let end = elsewhere.interrupt().unwrap();
    assert!(findings(&end).is_empty(), "{:#?}", findings(&end));
    assert_eq!(end.code, Some(0), "{}", end.stderr);
}
