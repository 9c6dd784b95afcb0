//! What cannot work is refused with a sentence that says what would.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::collections::BTreeSet;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use mtutrace_tests::check::{Copy, skip};
use mtutrace_tests::lab::name;
use mtutrace_tests::lab::process::Process;
use mtutrace_tests::lab::tracer::binary;
use mtutrace_tests::lab::wait;

/// Runs `mtutrace run` to its end; `timeout` because a refusal that doesn't come must not hang the suite.
fn run(wrapper: &[&str], args: &[&str]) -> Output {
    let line = [&["timeout", "30"], wrapper].concat();
    let mut command = Command::new(line[0]);
    command.args(&line[1..]).arg(binary().unwrap()).arg("run").args(args);
    command.stdin(Stdio::null()).output().unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn not_root_says_which_capabilities_are_needed() {
    if skip() {
        return;
    }
    let nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
    // A build directory may lie where nobody may look; a copy lies where everybody may.
    let copy = Copy::of_the_binary("refusal");
    let mut command = Command::new("timeout");
    command.arg("30").args(nobody).arg(copy.path()).args(["run", "--duration", "2s"]);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(text.contains("CAP_BPF") && text.contains("CAP_NET_ADMIN"), "{text}");
}

#[test]
fn an_unknown_interface_lists_the_known_ones() {
    if skip() {
        return;
    }
    let devices = || {
        let entries = std::fs::read_dir("/sys/class/net").unwrap().flatten();
        let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
        names.filter(|name| name != "lo").collect::<BTreeSet<_>>()
    };
    let before = devices();
    let output = run(&[], &["--interface", "nosuchdev0", "--duration", "2s"]);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("nosuchdev0"), "{text}");
    // Those of others may come and go meanwhile.
    let after = devices();
    let known = before.intersection(&after).collect::<Vec<_>>();
    let listed = known.iter().filter(|name| text.contains(name.as_str())).count();
    // A node has hundreds: the nearest are named, and the others counted.
    let others = text.contains(" others") || text.contains(" 1 other");
    assert!(listed == known.len() || others, "one of {known:?} is missing: {text}");
}

#[test]
fn a_bad_duration_says_what_would_be_right() {
    let output = run(&[], &["--duration", "soon"]);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains("soon") && text.contains("duration"), "{text}");
}

#[test]
fn an_unknown_namespace_lists_the_known_ones() {
    if skip() {
        return;
    }
    // 1 is the inode of no namespace: theirs come from the top of the range.
    let output = run(&[], &["--netns", "1", "--duration", "2s"]);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
    let own = std::fs::read_link("/proc/self/ns/net").unwrap().to_string_lossy().into_owned();
    let own = own.trim_start_matches("net:[").trim_end_matches(']');
    assert!(text.contains("namespace 1;") && text.contains("; known: "), "{text}");
    assert!(text.contains(own) || text.contains(" other"), "{own} is missing: {text}");
}

#[test]
fn a_path_that_is_no_namespace() {
    for path in ["/nowhere", "/proc/self/ns/nothing"] {
        let output = run(&[], &["--netns", path, "--duration", "2s"]);
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.contains(path) && text.contains("/proc/PID/ns/net"), "{text}");
    }
}

#[test]
fn a_ready_file_that_cannot_be_made() {
    if skip() {
        return;
    }
    let path = name::temporary("nowhere").join("ready");
    let path = path.to_str().unwrap();
    let output = run(&[], &["--ready-file", path, "--duration", "2s"]);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(text.contains(path), "{text}");
    assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// Before anything is attached, and without waiting for the other end of a pipe.
#[test]
fn a_ready_file_where_something_else_is() {
    if skip() {
        return;
    }
    let (path, target) = (name::temporary("taken"), name::temporary("target"));
    let refused = || {
        let mut command = Command::new(binary().unwrap());
        command.args(["run", "--duration", "2s", "--ready-file"]).arg(&path);
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut process = Process::spawn(quiet).unwrap();
        let code = process.wait("mtutrace to refuse", Duration::from_secs(10)).unwrap().code();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(code, Some(2));
    };
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    refused();
    std::fs::write(&target, "precious").unwrap();
    std::os::unix::fs::symlink(&target, &path).unwrap();
    refused();
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "precious");
    std::fs::remove_file(&target).unwrap();
}

#[test]
fn the_ready_file_is_there_during_the_run_alone() {
    if skip() {
        return;
    }
    let path = name::temporary("alone");
    let mut command = Command::new(binary().unwrap());
    command.args(["run", "--duration", "60s", "--ready-file"]).arg(&path);
    let mut process =
        Process::spawn(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())).unwrap();
    let patience = Duration::from_secs(20);
    wait::until("the ready file", patience, || Ok(path.exists().then_some(()))).unwrap();
    process.signal(libc::SIGTERM).unwrap();
    let status = process.wait("mtutrace to end", patience).unwrap();
    assert_eq!(status.code(), Some(0), "SIGTERM ends a run in order");
    assert!(!path.exists(), "{} is left", path.display());
}

#[test]
fn a_filter_that_is_not_supported_points_at_the_word() {
    let output = run(&[], &["--duration", "2s", "host 10.0.0.1", "and", "vlan", "5"]);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    let lines = text.lines().collect::<Vec<_>>();
    let column = lines[1].find("vlan").unwrap();
    assert!(lines[2].len() == column + 4 && lines[2].ends_with(" ^^^^"), "{text}");
    assert!(text.contains("portrange"), "{text}");
}
