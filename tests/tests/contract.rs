//! What scripts rely on, line by line, in a run that has something of everything.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::time::Duration;

use mtutrace_tests::check::{is_verdict, skip};
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::tracer::{End, Tracer};
use serde_json::Value;

const BIG: usize = 300_000;
const STALLED: Duration = Duration::from_secs(40);
const SOON: Duration = Duration::from_secs(30);

const SIGNALS: [&str; 10] = [
    "oversized",
    "fragmented",
    "frag_failed",
    "drop",
    "icmp_sent",
    "icmp_seen",
    "pmtu_updated",
    "mss_exceeds_path",
    "reassembly_failed",
    "retransmit",
];

/// Fields that must be there, by kind: (texts, positive numbers, counts that may be 0).
fn required(kind: &str) -> (&'static [&'static str], &'static [&'static str], &'static [&'static str]) {
    match kind {
        "status" => (&[], &[], &["interfaces", "containers"]),
        "event" => (&["signal", "family", "protocol", "src", "dst", "hook"], &[], &[]),
        "report" => (&[], &["netns"], &[]),
        "verdict" => (&["verdict", "severity", "summary"], &[], &[]),
        _ => panic!("the contract has no kind {kind:?}"),
    }
}

fn parse(end: &End) -> Vec<Value> {
    assert!(!end.lines.is_empty());
    let parse = |line: &String| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"));
    end.lines.iter().map(parse).collect()
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}

fn is_positive(value: &Value) -> bool {
    value.as_u64().is_some_and(|number| number > 0)
}

/// `2024-01-31T12:34:56.123456789Z`.
fn is_time(value: &Value) -> bool {
    let pattern = "dddd-dd-ddTdd:dd:dd.dddddddddZ";
    value.as_str().is_some_and(|text| {
        text.len() == pattern.len()
            && text
                .chars()
                .zip(pattern.chars())
                .all(|(c, p)| if p == 'd' { c.is_ascii_digit() } else { c == p })
    })
}

/// Unknown is absent: no null and no empty text, however deep.
fn assert_known(value: &Value, line: &Value) {
    match value {
        Value::Null => panic!("null in {line}"),
        Value::String(text) => assert!(!text.is_empty(), "empty text in {line}"),
        Value::Array(items) => items.iter().for_each(|item| assert_known(item, line)),
        Value::Object(fields) => fields.values().for_each(|field| assert_known(field, line)),
        Value::Bool(_) | Value::Number(_) => {}
    }
}

fn assert_container(container: &Value, line: &Value) {
    assert!(is_text(&container["id"]), "a container without an id: {line}");
    for parent in container["parents"].as_array().into_iter().flatten() {
        assert_container(parent, line);
    }
}

fn assert_counters(counters: &Value, line: &Value) {
    for (signal, count) in counters.as_object().unwrap() {
        assert!(SIGNALS.contains(&signal.as_str()) && is_positive(count), "{signal}: {line}");
    }
}

fn assert_event(line: &Value) {
    assert!(SIGNALS.iter().any(|signal| line["signal"] == *signal), "signal: {line}");
    assert!(["ipv4", "ipv6"].iter().any(|family| line["family"] == *family), "family: {line}");
    for field in ["netns", "ifindex", "sport", "dport", "length", "gso_segments", "mtu"] {
        assert!(line.get(field).is_none_or(is_positive), "{field}: {line}");
    }
    for field in ["src", "dst"] {
        let address = line[field].as_str().unwrap().parse::<std::net::IpAddr>();
        assert!(address.is_ok(), "{field}: {line}");
    }
}

/// What every verdict has, whoever's it is.
fn assert_verdict(line: &Value) {
    assert!(["critical", "warning", "info"].iter().any(|severity| line["severity"] == *severity), "{line}");
    assert!(line["active"].is_boolean(), "active: {line}");
    let evidence = line["evidence"].as_array().unwrap();
    assert!(!evidence.is_empty() && evidence.iter().all(is_text), "evidence: {line}");
}

/// A verdict about this incident names both devices, the path between them, and a way to mend it.
fn assert_verdict_of_the_incident(line: &Value) {
    let path = line["path"].as_array().unwrap();
    assert!(path.len() >= 2 && path.iter().all(|hop| is_text(&hop["kind"])), "path: {line}");
    for device in path.iter().chain([&line["culprit"], &line["bottleneck"]]) {
        let whole =
            is_text(&device["interface"]) && is_positive(&device["netns"]) && is_positive(&device["mtu"]);
        assert!(whole, "device: {line}");
    }
    let fixes = line["fix"].as_array().unwrap();
    let whole = |fix: &Value| ["where", "what", "command"].iter().all(|field| is_text(&fix[*field]));
    assert!(!fixes.is_empty() && fixes.iter().all(whole), "fix: {line}");
}

fn assert_status(line: &Value) {
    for hook in line["hooks"].as_array().unwrap() {
        assert!(is_text(&hook["hook"]), "hook: {line}");
        assert!(
            ["attached", "fallback", "spare", "missing"].iter().any(|state| hook["state"] == *state),
            "{line}"
        );
        let signals = hook["signals"].as_array().unwrap();
        assert!(signals.iter().all(|signal| SIGNALS.iter().any(|known| signal == *known)), "signals: {line}");
    }
}

fn assert_line(line: &Value) {
    assert_eq!(line["v"], 1, "{line}");
    assert!(is_time(&line["time"]), "time: {line}");
    assert_known(line, line);
    if let Some(container) = line.get("container") {
        assert_container(container, line);
    }
    let kind = line["kind"].as_str().unwrap();
    let (texts, numbers, counts) = required(kind);
    assert!(texts.iter().all(|field| is_text(&line[*field])), "{line}");
    assert!(numbers.iter().all(|field| is_positive(&line[*field])), "{line}");
    assert!(counts.iter().all(|field| line[*field].is_u64()), "{line}");
    match kind {
        "event" => assert_event(line),
        "verdict" => assert_verdict(line),
        "status" => assert_status(line),
        _ => {
            assert_counters(&line["counters"], line);
            for one in line["interfaces"].as_array().unwrap() {
                assert_counters(&one["counters"], line);
            }
        }
    }
}

/// Others on the node may have troubles of another kind; those of the lab are all of one.
fn assert_verdicts_of(lines: &[Value], lab: &Incident) {
    let ids = [lab.inner.id.as_str(), lab.pod.id.as_str()];
    let about = |line: &&Value| ids.iter().any(|id| line["container"]["id"] == *id);
    let verdicts = lines.iter().filter(|line| line["kind"] == "verdict").filter(about);
    let count = verdicts.inspect(|line| assert_verdict_of_the_incident(line)).count();
    assert!(count > 0, "no verdict about the lab");
}

#[test]
fn every_line_of_an_incident() {
    if skip() {
        return;
    }
    for (icmp_filtered, verdict) in [(true, "pmtu_blackhole"), (false, "mtu_mismatch")] {
        let spec = IncidentSpec { icmp_filtered, nested_cgroup: icmp_filtered, ..Default::default() };
        let lab = Incident::build(spec).unwrap();
        let mut tracer = Tracer::start(&["--duration", "60s"]).unwrap();
        let _download = lab.download(BIG, STALLED).unwrap();
        let wanted = |line: &_| is_verdict(line, verdict, &lab.inner.id);
        tracer.wait_for(verdict, SOON, wanted).unwrap();
        // Reports come before the verdict or after it, and at the end in any case.
        let end = tracer.interrupt().unwrap();

        let lines = parse(&end);
        lines.iter().for_each(assert_line);
        assert_eq!(lines[0]["kind"], "status", "the first line says what is traced");
        let events = lines.iter().filter(|line| line["kind"] == "event");
        let ours = events.clone().filter(|line| line["container"]["id"] == *lab.inner.id).collect::<Vec<_>>();
        assert!(!ours.is_empty(), "no event of the inner container");
        assert_verdicts_of(&lines, &lab);
        for event in &ours {
            assert_eq!(event["container"]["parents"][0]["id"], *lab.pod.id, "{event}");
            assert_eq!(event["protocol"], "tcp", "{event}");
            for field in ["netns", "sport", "dport"] {
                assert!(is_positive(&event[field]), "{field} is known here: {event}");
            }
        }
        let last = lines.last().unwrap();
        assert_eq!(last["kind"], "status", "{last}");
        for field in ["lost", "duration_ms"] {
            assert!(last[field].is_u64(), "{field}: {last}");
        }
        assert_eq!(last["events"], events.count(), "{last}");
        assert!(!end.stderr.lines().any(|line| line.trim_start().starts_with('{')), "{}", end.stderr);
    }
}

#[test]
fn verbose_shows_the_kernel_side_on_stderr() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let mut tracer = Tracer::start(&["--duration", "60s", "-v"]).unwrap();
    let _download = lab.download(BIG, STALLED).unwrap();
    let wanted = |line: &_| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
    tracer.wait_for("pmtu_blackhole", SOON, wanted).unwrap();
    let end = tracer.interrupt().unwrap();
    let lines = parse(&end);
    lines.iter().for_each(assert_line);
    assert_verdicts_of(&lines, &lab);
    let told = ["drop: ", "oversized: ", "icmp too big: "];
    assert!(told.iter().any(|text| end.stderr.contains(text)), "{}", end.stderr);
    assert!(!end.stderr.contains('\x1b'), "stderr is no terminal: {}", end.stderr);
    assert!(!end.stderr.lines().any(|line| line.trim_start().starts_with('{')), "{}", end.stderr);
}
