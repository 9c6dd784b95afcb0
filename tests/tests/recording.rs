//! `record` and `replay`: what a run said can be said again, from its file, on any machine.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use mtutrace_tests::check::{is_verdict, skip};
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::recording::Recording;
use mtutrace_tests::lab::tracer::{Tracer, binary};
use mtutrace_tests::lab::traffic::Transfer;
use serde_json::Value;

const BIG: usize = 300_000;
const STALLED: Duration = Duration::from_secs(30);
const VERDICT: Duration = Duration::from_secs(30);

/// A download that stalls, up to the verdict about it; it goes on as long as it is held.
fn stall(lab: &Incident, tracer: &mut Tracer) -> Transfer {
    let download = lab.download(BIG, STALLED).unwrap();
    let wanted = |line: &_| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
    tracer.wait_for("pmtu_blackhole about the inner container", VERDICT, wanted).unwrap();
    download
}

/// The incident, recorded until its verdict: what the run said.
fn record(recording: &Recording, args: &[&str]) -> Vec<String> {
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let mut tracer = Tracer::record(recording.path(), args).unwrap();
    let _download = stall(&lab, &mut tracer);
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
        assert_eq!(recording.difference(&record(&recording, args)), None);
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
        let event: Value = serde_json::from_str(event).unwrap();
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

/// What `mtutrace report ARGS` writes, and its exit code.
fn report(args: &[&str]) -> (String, Option<i32>) {
    let output = Command::new(binary().unwrap()).arg("report").args(args).output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code())
}

fn json(args: &[&str]) -> (Value, Option<i32>) {
    let (text, code) = report(&[args, &["--format", "json"]].concat());
    (serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}")), code)
}

fn text(recording: &Recording) -> &str {
    recording.path().to_str().unwrap()
}

/// What is recorded of a download: that stalls, or that comes through. Of this lab alone: others come and go on the same machine,
/// and what stalls in one of them is a verdict as well.
fn record_download(lab: &Incident, recording: &Recording, stalls: bool) {
    let mut tracer = Tracer::record(recording.path(), &["--container", &lab.pod.id]).unwrap();
    if stalls {
        drop(stall(lab, &mut tracer));
    } else {
        assert!(lab.download(BIG, STALLED).unwrap().finish().unwrap().complete);
    }
    tracer.interrupt().unwrap();
}

#[test]
fn a_report_tells_the_incident_and_a_second_one_proves_the_fix() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let (before, again, after) = (Recording::new(), Recording::new(), Recording::new());
    let silent = Recording::new();
    record_download(&lab, &before, true);
    record_download(&lab, &again, true);
    lab.apply_fix().unwrap();
    record_download(&lab, &after, false);
    Tracer::record(silent.path(), &["--container", &lab.pod.id]).unwrap().interrupt().unwrap();

    let (incident, code) = json(&[text(&before)]);
    assert_eq!(code, Some(1), "a problem was found");
    let verdict = &incident["verdicts"][0];
    assert_eq!(
        (&verdict["verdict"], &verdict["severity"]),
        (&"pmtu_blackhole".into(), &"critical".into()),
        "{incident:#}"
    );
    assert!(
        incident["timeline"]["series"]["drop"].is_array() && incident["events"].as_u64() > Some(0),
        "{incident:#}"
    );
    let (page, _) = report(&[text(&before), "--format", "html"]);
    assert!(page.starts_with("<!DOCTYPE html>") && page.matches("<svg").count() >= 3, "{page}");
    for outside in ["<script", "src=\"http", "href=\"http", "url("] {
        assert!(!page.contains(outside), "{outside}: {page}");
    }
    let (again_json, _) = json(&[text(&before)]);
    assert_eq!(incident, again_json, "the same bytes");

    let (fixed, code) = json(&[text(&after), "--compare", text(&before)]);
    assert_eq!((&fixed["fixed"], code), (&true.into(), Some(0)), "{fixed:#}");
    let change = &fixed["verdicts"][0];
    assert_eq!(
        (change["mtu_before"].as_u64(), change["mtu_after"].as_u64()),
        (Some(1500), Some(1450)),
        "{fixed:#}"
    );
    let (silent, code) = json(&[text(&silent), "--compare", text(&before)]);
    assert_eq!((&silent["fixed"], code), (&false.into(), Some(1)), "nobody tried: {silent:#}");
    assert_eq!(silent["verdicts"][0]["state"], "unproven", "{silent:#}");
    let (unfixed, code) = json(&[text(&again), "--compare", text(&before)]);
    assert_eq!((&unfixed["fixed"], code), (&false.into(), Some(1)), "{unfixed:#}");
    if let Some(folder) = std::env::var_os("MTUTRACE_KEEP_RECORDINGS") {
        let folder = std::path::Path::new(&folder);
        std::fs::copy(before.path(), folder.join("before.pcapng")).unwrap();
        std::fs::copy(after.path(), folder.join("after.pcapng")).unwrap();
    }
}

#[test]
fn a_killed_run_leaves_a_recording_that_says_so() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let recording = Recording::new();
    let mut tracer = Tracer::record(recording.path(), &[]).unwrap();
    let _download = stall(&lab, &mut tracer);
    tracer.kill().unwrap();
    let replayed = recording.replay(&[]);
    let wanted = |line: &Value| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
    let told = |line: &String| serde_json::from_str::<Value>(line).is_ok_and(|line| wanted(&line));
    assert!(replayed.iter().any(told), "{replayed:#?}");
    let output =
        Command::new(binary().unwrap()).args(["replay", "-o", "text", text(&recording)]).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("the recording has no end"), "{stderr}");

    // Cut at each byte of its last blocks it is replayed up to there, or refused.
    let whole = std::fs::read(recording.path()).unwrap();
    let cut = Recording::new();
    for end in [0, 4, 20, 100].into_iter().chain(whole.len() - 40..whole.len()) {
        std::fs::write(cut.path(), &whole[..end]).unwrap();
        let output =
            Command::new(binary().unwrap()).args(["replay", "-o", "json", text(&cut)]).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let refused = output.status.code() == Some(2) && stderr.contains("cannot replay");
        let replayed = output.status.code() == Some(0) && stderr.contains("the recording ");
        assert!(if end <= 100 { refused } else { replayed }, "{end}: {:?}, {stderr}", output.status);
    }
}

#[test]
fn a_flight_recorder_writes_when_something_happens() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let folder = mtutrace_tests::lab::name::temporary("ring");
    std::fs::create_dir(&folder).unwrap();
    let files = || {
        let entries = std::fs::read_dir(&folder).unwrap();
        let mut all: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        all.sort();
        all
    };
    let mut tracer = Tracer::record(&folder.join("node.pcapng"), &["--ring", "30s", "--zstd"]).unwrap();
    assert!(files().is_empty(), "nothing has happened");
    let _download = stall(&lab, &mut tracer);
    mtutrace_tests::lab::wait::until("a file of the flight recorder", VERDICT, || {
        Ok((!files().is_empty()).then_some(()))
    })
    .unwrap();
    let before = files().len();
    tracer.signal(libc::SIGUSR1).unwrap();
    mtutrace_tests::lab::wait::until("another one for SIGUSR1", VERDICT, || {
        Ok((files().len() > before).then_some(()))
    })
    .unwrap();
    tracer.interrupt().unwrap();
    let file = files().remove(0);
    let (incident, code) = json(&[file.to_str().unwrap()]);
    assert_eq!(code, Some(1), "{incident:#}");
    assert_eq!(incident["verdicts"][0]["verdict"], "pmtu_blackhole", "{incident:#}");
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn files_are_rotated_and_each_can_be_read_by_itself() {
    if skip() {
        return;
    }
    let recording = Recording::new();
    let args = ["--rotate-size", "20K", "--rotate-count", "3"];
    record(&recording, &args);
    let start = format!("{}.", recording.path().file_stem().unwrap().to_str().unwrap());
    let entries =
        std::fs::read_dir(recording.path().parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> =
        entries.filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&start)).collect();
    assert!((2..=3).contains(&files.len()), "{files:?}");
    for file in &files {
        let output =
            Command::new(binary().unwrap()).args(["replay", "-o", "json"]).arg(file).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{file:?}: {}", String::from_utf8_lossy(&output.stderr));
        std::fs::remove_file(file).unwrap();
    }
}

/// A recording of Linux 6.18, and what was said of it then: whatever kernel this is, and whatever mtutrace has learnt since,
/// it is read and says the same. Where what is said is meant to change, so do these lines (`mtutrace replay -o json`).
#[test]
fn a_recording_of_another_kernel_says_what_it_said_there() {
    let recording = Recording::new();
    std::fs::write(recording.path(), include_bytes!("../recordings/incident.pcapng")).unwrap();
    let lines: Vec<String> =
        include_str!("../recordings/incident.jsonl").lines().map(str::to_owned).collect();
    assert_eq!(recording.difference(&lines), None);
    let (incident, code) = json(&[text(&recording)]);
    assert_eq!(
        (&incident["verdicts"][0]["verdict"], code),
        (&"pmtu_blackhole".into(), Some(1)),
        "{incident:#}"
    );
}

/// What was counted, of whom and when, without names: what of it is the same by any name.
fn figures(lines: &[String]) -> Vec<Value> {
    let of = |line: &String| {
        let line: Value = serde_json::from_str(line).unwrap();
        let keep = |keys: &[&str]| {
            Value::from_iter(keys.iter().map(|key| (*key, line.get(*key).cloned().unwrap_or(Value::Null))))
        };
        let kind = line["kind"].as_str().unwrap();
        match kind {
            "report" => {
                let mut figures =
                    keep(&["time", "netns", "counters", "delta", "causes", "kernel", "interfaces"]);
                for device in figures["interfaces"].as_array_mut().unwrap() {
                    device.as_object_mut().unwrap().remove("interface");
                }
                figures
            }
            "status" => keep(&[
                "time",
                "interfaces",
                "namespaces",
                "containers",
                "events",
                "lost",
                "records",
                "decoded",
                "undecodable",
                "outcomes",
                "disagreements",
                "forged",
            ]),
            _ => keep(&["kind", "time"]),
        }
    };
    lines.iter().map(of).collect()
}

/// What of `text`, an IP address, must not be in a file: its text, and its bytes as packets have them.
fn written(text: &str) -> [Vec<u8>; 2] {
    let octets = match text.parse().unwrap() {
        std::net::IpAddr::V4(ip) => ip.octets().to_vec(),
        std::net::IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    [text.as_bytes().to_vec(), octets]
}

#[test]
fn an_anonymized_recording_leads_to_the_same_verdict_and_names_nobody() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let recording = Recording::new();
    let mut tracer = Tracer::record(recording.path(), &["--anonymize"]).unwrap();
    let _download = stall(&lab, &mut tracer);
    let end = tracer.interrupt().unwrap();
    let essence = |lines: &[String]| {
        let parse = |line: &String| serde_json::from_str::<Value>(line).unwrap();
        let verdicts = lines.iter().map(parse).filter(|line| line["kind"] == "verdict");
        let mtu = |verdict: &Value, what: &str| verdict[what]["mtu"].as_u64();
        verdicts
            .map(|v| {
                (
                    v["verdict"].clone(),
                    v["severity"].clone(),
                    mtu(&v, "culprit"),
                    mtu(&v, "bottleneck"),
                    v["facts"].clone(),
                )
            })
            .collect::<Vec<_>>()
    };
    let replayed = recording.replay(&[]);
    assert_eq!(essence(&replayed), essence(&end.lines));
    assert_eq!(figures(&replayed), figures(&end.lines));
    let counted = |line: &Value| line["counters"]["drop"].as_u64() > Some(0);
    assert!(figures(&replayed).iter().any(counted), "there was something to count: {replayed:#?}");
    let bytes = std::fs::read(recording.path()).unwrap();
    let has = |secret: &[u8]| bytes.windows(secret.len()).any(|window| window == secret);
    for secret in [lab.inner.id.as_str(), lab.pod.id.as_str(), lab.prefix()] {
        assert!(!has(secret.as_bytes()) && !has(&secret.as_bytes()[..12.min(secret.len())]), "{secret}");
    }
    for address in lab.addresses() {
        let found = written(address).into_iter().filter(|secret| has(secret)).collect::<Vec<_>>();
        assert!(found.is_empty(), "{address}: {found:?}");
    }
    // That a search would find them: a recording that is not anonymised has them all.
    let plain = Recording::new();
    let mut tracer = Tracer::record(plain.path(), &[]).unwrap();
    drop(stall(&lab, &mut tracer));
    tracer.interrupt().unwrap();
    let bytes = std::fs::read(plain.path()).unwrap();
    let has = |secret: &[u8]| bytes.windows(secret.len()).any(|window| window == secret);
    for address in lab.addresses() {
        assert!(has(address.as_bytes()), "{address}");
    }
    assert!(written(lab.addresses()[0]).iter().all(|secret| has(secret)), "in records and packets, too");
    let (incident, _) = json(&[text(&recording)]);
    assert_eq!(incident["machine"]["anonymized"], true, "{incident:#}");
}
