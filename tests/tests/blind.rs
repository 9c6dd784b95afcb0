//! Where the node's containers cannot be seen, nothing is said to be well.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::process::{Command, Output, Stdio};

use mtutrace_tests::check::skip;
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::tracer::binary;
use serde_json::Value;

/// In a pid namespace of its own, as in a container without --pid=host; `before` runs there first.
fn inside(before: &str, args: &[&str]) -> Output {
    let script = format!("{before}\n\"$@\"; exit $?");
    let mut command = Command::new("timeout");
    command.args(["120", "unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]);
    command.args(["sh", "-c", &script, "sh"]).arg(binary().unwrap()).args(args);
    command.stdin(Stdio::null()).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn without_the_hosts_pids_it_says_what_is_missing() {
    if skip() {
        return;
    }
    let _outside = Incident::build(IncidentSpec::default()).unwrap();
    for args in [&["map"][..], &["run", "--exit-code", "--duration", "1s"], &["doctor"]] {
        let output = inside("", args);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{args:?}: {said}");
        assert!(said.contains("--pid=host") && said.contains("hostPID: true"), "{args:?}: {said}");
        let all = text(&output.stdout);
        assert!(!all.contains("no mismatch") && !all.contains("No MTU problem"), "{args:?}: {all}");
        if args == ["doctor"] {
            let row = all.lines().find(|line| line.starts_with("processes "));
            assert!(row.is_some_and(|row| row.contains("no container can be seen")), "{all}");
        }
    }
}

/// A node of kind, a Docker in Docker: what runs in there is what was asked about.
#[test]
fn with_containers_of_its_own_it_goes_on_and_says_what_it_sees() {
    if skip() {
        return;
    }
    // One has a namespace and no way out; the other only promises to make some.
    let has_one = "unshare --net sleep 60 &\nown=$(readlink /proc/$$/ns/net)\n\
                   until [ \"$(readlink /proc/$!/ns/net)\" != \"$own\" ]; do :; done";
    let has_runtime = "printf containerd > /proc/$$/comm";
    for before in [has_one, has_runtime] {
        let output = inside(before, &["map", "-o", "json"]);
        let said = text(&output.stderr);
        assert!(matches!(output.status.code(), Some(0 | 1)), "{before}: {said}");
        assert!(said.contains("sees only the processes of pid namespace"), "{before}: {said}");
        let line: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert!(line["pid_namespace"].is_u64(), "{line}");
    }
    let output = inside(has_runtime, &["run", "-o", "json", "--duration", "1s"]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let first: Value = serde_json::from_str(text(&output.stdout).lines().next().unwrap()).unwrap();
    assert!(first["kind"] == "status" && first["pid_namespace"].is_u64(), "{first}");
}
