//! What `mtutrace doctor` says of this kernel: all of it, with a reason for each refusal, and what it costs.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::path::Path;
use std::process::{Command, Output, Stdio};

use mtutrace_tests::check::{Copy, skip};
use mtutrace_tests::lab::name;
use mtutrace_tests::lab::tracer::binary;
use serde_json::Value;

fn doctor(args: &[&str]) -> Output {
    // The first load verifies every program, which takes its time in an emulated machine.
    let mut command = Command::new("timeout");
    command.arg("120").arg(binary().unwrap()).arg("doctor").args(args);
    command.stdin(Stdio::null()).output().unwrap()
}

fn report(args: &[&str]) -> Value {
    let output = doctor(&[&["-o", "json"], args].concat());
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn texts<'a>(value: &'a Value, key: &str) -> Vec<&'a str> {
    value[key].as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

fn is_text(value: &Value) -> bool {
    value.as_str().is_some_and(|text| !text.is_empty())
}

/// Every hook has a state with its reason, every signal a hook or what is lost without one; states by hook.
fn assert_complete(report: &Value) -> Vec<(String, String)> {
    assert!(report["v"] == 1 && report["kind"] == "doctor", "{report}");
    let facts = report["facts"].as_array().unwrap();
    for what in
        ["kernel", "capabilities", "BTF", "kernel symbols", "kprobes", "tracefs", "lockdown", "open files"]
    {
        let fact = facts.iter().find(|fact| fact["what"] == what);
        assert!(fact.is_some_and(|fact| is_text(&fact["state"])), "{what}: {report}");
    }
    let hooks = report["hooks"].as_array().unwrap();
    for hook in hooks {
        assert!(is_text(&hook["hook"]) && is_text(&hook["blind"]), "{hook}");
        // It tells of packets that others see.
        let alone = hook["hook"] != "raw_tp:br_fdb_update";
        assert_eq!(!texts(hook, "signals").is_empty(), alone, "{hook}");
        assert_eq!(is_text(&hook["why"]), hook["state"] != "attached", "{hook}");
    }
    let verdicts = report["verdicts"].as_array().unwrap();
    assert_eq!(verdicts.len(), 9, "{report}");
    for verdict in verdicts {
        assert!(["works", "partly", "not"].iter().any(|state| verdict["state"] == *state), "{verdict}");
        assert_eq!(is_text(&verdict["why"]), verdict["state"] != "works", "{verdict}");
    }
    for signal in report["signals"].as_array().unwrap() {
        let seen = !texts(signal, "hooks").is_empty();
        assert_eq!(is_text(&signal["lost"]), !seen, "{signal}");
    }
    let word = |hook: &Value, key: &str| hook[key].as_str().unwrap().to_owned();
    hooks.iter().map(|hook| (word(hook, "hook"), word(hook, "state"))).collect()
}

/// How far a verdict works.
fn verdict<'a>(report: &'a Value, name: &str) -> &'a str {
    let mut verdicts = report["verdicts"].as_array().unwrap().iter();
    verdicts.find(|verdict| verdict["verdict"] == name).and_then(|verdict| verdict["state"].as_str()).unwrap()
}

fn state<'a>(states: &'a [(String, String)], hook: &str) -> &'a str {
    &states.iter().find(|(name, _)| name == hook).unwrap_or_else(|| panic!("no {hook}")).1
}

#[test]
fn every_hook_and_every_signal() {
    if skip() {
        return;
    }
    let report = report(&[]);
    let states = assert_complete(&report);
    let kprobes = Path::new("/sys/bus/event_source/devices/kprobe").exists();
    for (hook, state) in states.iter().filter(|(hook, _)| hook.starts_with("kprobe:")) {
        // Every function that is probed is there on every kernel of the matrix.
        let wanted: &[&str] = if kprobes { &["attached", "spare"] } else { &["missing"] };
        assert!(wanted.contains(&state.as_str()), "{hook} is {state}");
    }
    assert_eq!(state(&states, "raw_tp:kfree_skb"), "attached");
    let text = doctor(&[]);
    assert_eq!(text.status.code(), Some(0));
    let text = String::from_utf8_lossy(&text.stdout);
    // The conclusion first, then a line a verdict, and then the hooks.
    for name in ["mtu_mismatch", "mss_exceeds_path", "silent_l2_drop", "remote_blackhole_suspected"] {
        assert_eq!(verdict(&report, name), "works", "{name}");
    }
    let parts = if kprobes { "works" } else { "partly" };
    assert_eq!((verdict(&report, "fragmentation"), verdict(&report, "tunnel_overhead")), (parts, parts));
    let first = text.lines().next().unwrap();
    assert!(first.contains(" 9 verdicts work here") && first.ends_with('.'), "{first}");
    let line = |start: &str| text.lines().position(|line| line.trim_start().starts_with(start)).unwrap();
    assert!(line("MTU mismatch ") < line("attached "), "{text}");
    assert!(states.iter().all(|(hook, _)| text.contains(hook)), "{text}");
}

#[test]
fn without_kprobes_it_shows_what_replaces_them() {
    if skip() {
        return;
    }
    let report = report(&["--no-kprobes"]);
    let states = assert_complete(&report);
    assert!(
        states.iter().all(|(hook, state)| !hook.starts_with("kprobe:") || state == "missing"),
        "{states:?}"
    );
    assert_eq!(state(&states, "tc:egress"), "fallback");
    for (name, wanted) in
        [("fragmentation", "partly"), ("tunnel_overhead", "partly"), ("silent_l2_drop", "works")]
    {
        assert_eq!(verdict(&report, name), wanted, "{name}");
    }
}

#[test]
fn types_of_another_kernel_take_away_what_needs_them_and_no_more() {
    if skip() {
        return;
    }
    let path = name::temporary("empty.btf");
    // A header (magic, version, no flags, its length), no types, and the empty string.
    let header: [u32; 6] = [0x0001_eb9f, 24, 0, 0, 0, 1];
    let bytes = header.iter().flat_map(|word| word.to_le_bytes()).chain([0]).collect::<Vec<_>>();
    std::fs::write(&path, bytes).unwrap();
    let report = report(&["--kernel-btf", path.to_str().unwrap()]);
    std::fs::remove_file(&path).unwrap();
    let states = assert_complete(&report);
    for (hook, state) in &states {
        assert_eq!(state == "missing", !hook.starts_with("tc:"), "{hook} is {state}");
    }
    for (name, wanted) in [
        ("silent_l2_drop", "not"),
        ("checksum_errors", "not"),
        ("pmtu_blackhole", "partly"),
        ("mss_exceeds_path", "works"),
    ] {
        assert_eq!(verdict(&report, name), wanted, "{name}");
    }
    let hooks = report["hooks"].as_array().unwrap();
    let why = hooks.iter().filter_map(|hook| hook["why"].as_str()).find(|why| why.contains("BTF has no"));
    assert!(why.is_some(), "{report}");
}

#[test]
fn a_file_that_is_no_btf_is_a_wrong_command_line() {
    for path in ["/nowhere", "/proc/self/status"] {
        let output = doctor(&["--kernel-btf", path]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("--kernel-btf") && said.contains("BTF of this very kernel"), "{said}");
    }
}

#[test]
fn without_capabilities_it_says_what_it_cannot_know() {
    if skip() {
        return;
    }
    let copy = Copy::of_the_binary("doctor");
    let mut command = Command::new("timeout");
    command.args(["60", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]);
    let output = command.arg(copy.path()).args(["doctor", "-o", "json"]).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("CAP_BPF"), "{said}");
    let report = serde_json::from_slice(&output.stdout).unwrap();
    let states = assert_complete(&report);
    assert!(states.iter().all(|(_, state)| state == "missing"), "{states:?}");
    for entry in report["verdicts"].as_array().unwrap() {
        assert!(entry["state"] == "not" && entry["why"].as_str().unwrap().contains("not tried"), "{entry}");
    }
}
