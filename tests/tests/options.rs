//! Options that are about what is said, and how: what is written, quiet, colours, the environment, completions.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::process::{Command, Output};

use mtutrace_tests::check::skip;
use mtutrace_tests::lab::tracer::binary;
use serde_json::Value;

fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    Command::new(binary().unwrap()).args(arguments).envs(environment.iter().copied()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn kinds(output: &Output) -> Vec<String> {
    let values = text(&output.stdout);
    let kind = |line: &str| serde_json::from_str::<Value>(line).unwrap()["kind"].as_str().unwrap().to_owned();
    values.lines().map(kind).collect()
}

#[test]
fn only_the_kinds_that_are_named() {
    if skip() {
        return;
    }
    let output = run(&["run", "--json", "--only", "verdict,status", "--duration", "1500ms"], &[]);
    let kinds = kinds(&output);
    assert!(kinds.iter().any(|kind| kind == "status"), "{kinds:?}");
    assert!(kinds.iter().all(|kind| kind == "status" || kind == "verdict"), "{kinds:?}");
    let output = run(&["run", "-o", "text", "--duration", "200ms"], &[("MTUTRACE_ONLY", "event")]);
    let said = text(&output.stdout);
    assert!(!said.contains("MTU problem") && !said.contains("No verdict"), "{said}");
}

#[test]
fn quiet_leaves_errors_alone() {
    if skip() {
        return;
    }
    let output = run(&["-q", "run", "-o", "text", "--duration", "200ms"], &[]);
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    let output = run(&["run", "-q", "--interface", "nosuch0"], &[]);
    assert!(output.status.code() == Some(2) && text(&output.stderr).contains("nosuch0"), "{output:?}");
}

#[test]
fn options_by_the_environment_and_the_command_line_before_them() {
    if skip() {
        return;
    }
    let environment = [("MTUTRACE_OUTPUT", "json"), ("MTUTRACE_DURATION", "300ms")];
    let output = run(&["run"], &environment);
    assert!(kinds(&output).contains(&"status".to_owned()), "{output:?}");
    let output = run(&["run", "-o", "text"], &environment);
    // Whatever the node has to tell.
    let said = text(&output.stdout);
    assert!(!said.is_empty() && !said.starts_with('{'), "{output:?}");
    let output = run(&["run", "--json"], &[("MTUTRACE_OUTPUT", "text"), ("MTUTRACE_DURATION", "300ms")]);
    assert!(kinds(&output).contains(&"status".to_owned()), "{output:?}");
    let output = run(&["run"], &[("MTUTRACE_OUTPUT", "xml")]);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(text(&output.stderr).contains("none of tui, text and json"), "{output:?}");
}

#[test]
fn what_makes_no_sense_is_refused() {
    let wrong: [&[&str]; 6] = [
        &["map", "--json", "-o", "text"],
        &["run", "--json", "-o", "json"],
        &["run", "--only", "verdicts"],
        &["run", "--rate-limit", "10/d"],
        &["doctor", "-q", "-v"],
        &["map", "--color", "sometimes"],
    ];
    for arguments in wrong {
        let output = run(arguments, &[]);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {output:?}");
    }
}

#[test]
fn json_is_short_for_an_output() {
    if skip() {
        return;
    }
    assert_eq!(kinds(&run(&["doctor", "--json"], &[])), ["doctor"]);
    assert_eq!(kinds(&run(&["map", "--json"], &[])), ["map"]);
}

#[test]
fn what_is_hidden_stays_hidden_and_the_version_says_the_build() {
    for shell in ["bash", "zsh", "fish"] {
        let script = text(&run(&["completion", shell], &[]).stdout);
        assert!(script.contains("rate-limit") && !script.contains("ring-size"), "{shell}: {script}");
    }
    let (short, long) = (run(&["-V"], &[]).stdout, run(&["--version"], &[]).stdout);
    let (short, long) = (text(&short), text(&long));
    assert!(short.lines().count() == 1 && long.starts_with(short.trim_end()), "{short} {long}");
    assert!(long.contains("target: ") && long.contains("compiler: rustc "), "{long}");
    let help = text(&run(&["run", "--help"], &[]).stdout);
    assert!(help.contains("Examples:\n  mtutrace run ") && !help.contains("[env:"), "{help}");
}
