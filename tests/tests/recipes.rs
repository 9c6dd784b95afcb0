//! The jq recipes of docs/OUTPUT.md, on the lines of the incident before and after its fix.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::io::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use mtutrace_tests::check::{is_verdict, skip};
use mtutrace_tests::lab;
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::tracer::{End, Tracer};
use mtutrace_tests::tools::repository;
use serde_json::Value;

/// The program of that name.
fn recipe(name: &str) -> String {
    let text = std::fs::read_to_string(repository("docs/OUTPUT.md")).unwrap();
    let (_, rest) = text.split_once(&format!("<!-- recipe: {name} -->\n```jq\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

/// Runs it as a reader of the documentation would.
fn jq(name: &str, args: &[&str], lines: &[String]) -> Value {
    let mut jq = Command::new("jq")
        .args(["-n"])
        .args(args)
        .arg(recipe(name))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = jq.stdin.take().unwrap();
    let text = lines.join("\n");
    let writer = std::thread::spawn(move || drop(stdin.write_all(text.as_bytes())));
    let output = jq.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{name}: {output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn trace(lab: &Incident, stalls: bool) -> End {
    let mut tracer = Tracer::start(&["--duration", "60s", "--container", &lab.inner.id]).unwrap();
    let mut download = lab.download(300_000, Duration::from_secs(40)).unwrap();
    if stalls {
        let wanted = |line: &Value| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
        tracer.wait_for("pmtu_blackhole", Duration::from_secs(30), wanted).unwrap();
    } else {
        download.finish().unwrap();
    }
    tracer.interrupt().unwrap()
}

#[test]
fn each_gives_what_it_promises() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let before = trace(&lab, true);
    let top = jq("top", &[], &before.lines);
    assert_eq!(top[0]["container"], lab.inner.id.as_str(), "{top}");
    assert!(top[0]["drops"].as_u64().unwrap() > 0, "{top}");
    let critical = jq("critical", &[], &before.lines);
    assert_eq!(critical.as_array().unwrap().len(), 1, "one cause, one verdict: {critical}");
    assert_eq!(critical[0]["verdict"], "pmtu_blackhole", "{critical}");
    assert_eq!(critical[0]["permanent"], format!("dockerd --mtu={}", lab.spec().pod_mtu), "{critical}");
    assert!(critical[0]["now"].as_str().unwrap().contains("ip link set dev"), "{critical}");
    let flows = jq("flows", &[], &before.lines);
    assert_eq!(flows.as_array().unwrap().len(), 1, "{flows}");
    assert_eq!(flows[0]["mtu"], lab.spec().pod_mtu, "{flows}");
    assert!(flows[0]["largest"].as_u64().unwrap() > lab.spec().pod_mtu.into(), "{flows}");
    let blind = jq("blind", &[], &before.lines);
    assert_eq!(blind["lost"], 0, "{blind}");
    assert!(blind["missing_hooks"].is_array() && blind["left_out"].is_number(), "{blind}");

    // Built anew: in the old one the server goes on repeating what has stalled, and each of that dies as before.
    drop(lab);
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    lab.apply_fix().unwrap();
    let after = trace(&lab, false);
    assert_eq!(jq("critical", &[], &after.lines).as_array().map(Vec::len), Some(0));
    let file = |name: &str, end: &End| {
        let path = lab::name::temporary(name);
        std::fs::write(&path, end.lines.join("\n")).unwrap();
        path.display().to_string()
    };
    let (before, after) = (file("before", &before), file("after", &after));
    let args = ["--slurpfile", "before", &before, "--slurpfile", "after", &after];
    let compared = jq("compare", &args, &[]);
    assert_eq!(compared["fixed"], true, "{compared}");
    assert_eq!(
        (&compared["after"]["drops"], &compared["before"]["active"][0]),
        (&0.into(), &"pmtu_blackhole".into())
    );
    let same = jq("compare", &["--slurpfile", "before", &before, "--slurpfile", "after", &before], &[]);
    assert_eq!(same["fixed"], false, "{same}");
    let nothing = file("nothing", &End { lines: Vec::new(), ..trace(&lab, false) });
    let none = jq("compare", &["--slurpfile", "before", &before, "--slurpfile", "after", &nothing], &[]);
    assert_eq!(none["fixed"], false, "a run that left nothing proves nothing: {none}");
    let blind = jq("blind", &[], &[]);
    assert_eq!(blind["missing_hooks"], Value::Array(Vec::new()), "{blind}");
    [before, after, nothing].iter().for_each(|path| std::fs::remove_file(path).unwrap());
}
