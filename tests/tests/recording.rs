//! `record` and `replay`: what a run said can be said again, from its file, on any machine.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use mtutrace_tests::check::{is_verdict, skip};
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::recording::Recording;
use mtutrace_tests::lab::tracer::Tracer;

const BIG: usize = 300_000;
const STALLED: Duration = Duration::from_secs(30);
const VERDICT: Duration = Duration::from_secs(30);

/// The incident, recorded until its verdict: what the run said.
fn record(recording: &Recording, args: &[&str]) -> Vec<String> {
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let mut tracer = Tracer::record(recording.path(), args).unwrap();
    let _download = lab.download(BIG, STALLED).unwrap();
    let wanted = |line: &_| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
    tracer.wait_for("pmtu_blackhole about the inner container", VERDICT, wanted).unwrap();
    let end = tracer.interrupt().unwrap();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    end.lines
}

#[test]
fn a_replay_says_what_the_run_said() {
    if skip() {
        return;
    }
    for args in [&[][..], &["--zstd"]] {
        let recording = Recording::new();
        recording.assert_replays(&record(&recording, args));
    }
}

/// What a program of Wireshark's prints; nothing on stderr but what root is always told.
fn wireshark(program: &str, args: &[&str], recording: &Recording) -> Vec<String> {
    let mut command = Command::new(program);
    let output =
        command.args(args).arg(recording.path()).output().unwrap_or_else(|e| panic!("{program}: {e}"));
    let stderr = String::from_utf8(output.stderr).unwrap();
    let complaints = stderr.lines().filter(|line| !line.contains("root"));
    assert_eq!(complaints.collect::<Vec<_>>(), [""; 0], "{program} {args:?}");
    assert!(output.status.success(), "{program} {args:?}");
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn wireshark_counts_the_same_packets_and_tells_them_apart() {
    if skip() {
        return;
    }
    let recording = Recording::new();
    let lines = record(&recording, &[]);
    let events: Vec<_> = lines.iter().filter(|line| line.contains(r#""kind":"event""#)).collect();
    let frames = wireshark(
        "tshark",
        &["-n", "-T", "fields", "-e", "frame.comment", "-e", "frame.len", "-r"],
        &recording,
    );
    assert_eq!(frames.len(), events.len(), "{frames:#?}");
    let mut signals: BTreeMap<String, usize> = BTreeMap::new();
    for event in &events {
        let event: serde_json::Value = serde_json::from_str(event).unwrap();
        *signals.entry(event["signal"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    for (signal, count) in signals {
        let filter = format!("frame.comment contains \"signal={signal} \"");
        assert_eq!(wireshark("tshark", &["-n", "-Y", &filter, "-r"], &recording).len(), count, "{signal}");
    }
    let verdicts = frames.iter().filter(|frame| frame.contains(" verdict=")).count();
    assert!(verdicts > 0, "no packet names its verdict: {frames:#?}");
    let first =
        wireshark("tshark", &["-n", "-Y", "frame.comment contains \"first sighting\"", "-r"], &recording)
            .len();
    let again =
        wireshark("tshark", &["-n", "-Y", "frame.comment contains \"seen before\"", "-r"], &recording).len();
    assert!(first > 0 && again > 0 && first + again == frames.len(), "{first} and {again}");
    let wrong = "_ws.malformed || ip.checksum.status == 0 || tcp.checksum.status == 0";
    let checks = ["-n", "-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE", "-Y", wrong, "-r"];
    assert_eq!(wireshark("tshark", &checks, &recording), [""; 0]);
    let capinfos = wireshark("capinfos", &[], &recording).join("\n");
    assert!(capinfos.contains("mtutrace") && capinfos.contains("Number of stat entries = 1"), "{capinfos}");
}
