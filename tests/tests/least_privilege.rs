//! With the capabilities that docs/DEPLOY.md lists, and nobody's user id, it sees what root sees; with one of them taken
//! away it says which one, and what is lost.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use mtutrace_tests::check::{Copy, assert_mtus, is_verdict, kernel_is_at_least, skip};
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::tracer::{Tracer, binary};
use serde_json::Value;

/// As setpriv(1) names them.
const DOCUMENTED: [&str; 6] = ["bpf", "perfmon", "net_admin", "sys_admin", "sys_ptrace", "syslog"];
/// The same by number: include/uapi/linux/capability.h.
const DOCUMENTED_NUMBERS: [u8; 6] = [39, 38, 12, 21, 19, 34];
const BIG: usize = 300_000;
const STALLED: Duration = Duration::from_secs(40);
const VERDICT: Duration = Duration::from_secs(30);

/// mtutrace, run by nobody with these capabilities and no way to more.
fn nobody(program: &Path, capabilities: &[&str]) -> Command {
    let set = capabilities.iter().fold("-all".to_owned(), |set, name| format!("{set},+{name}"));
    // Kernels before 5.11 count maps as locked memory, and more of it takes a limit, not one of these.
    let limit: &[&str] = if kernel_is_at_least(5, 11) { &[] } else { &["prlimit", "--memlock=unlimited"] };
    let line = [limit, &["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]].concat();
    let mut command = Command::new(line[0]);
    command.args(&line[1..]);
    for which in ["--inh-caps", "--ambient-caps", "--bounding-set"] {
        command.arg(format!("{which}={set}"));
    }
    command.args(["--no-new-privs"]).arg(program);
    command
}

fn without(names: &[&str]) -> Vec<&'static str> {
    DOCUMENTED.into_iter().filter(|name| !names.contains(name)).collect()
}

/// The hooks of a first status, with how each turned out.
fn hooks(tracer: &mut Tracer) -> Value {
    tracer.wait_for("a status", VERDICT, |line| line["kind"] == "status").unwrap()["hooks"].clone()
}

fn finds_the_incident(mut tracer: Tracer, lab: &Incident) {
    let _download = lab.download(BIG, STALLED).unwrap();
    let wanted = |line: &_| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
    let verdict = tracer.wait_for("pmtu_blackhole about the inner container", VERDICT, wanted).unwrap();
    assert_eq!(verdict["container"]["parents"][0]["id"], lab.pod.id.as_str(), "{verdict}");
    assert_mtus(&verdict, lab);
    let end = tracer.interrupt().unwrap();
    assert_eq!(end.code, Some(1), "{}", end.stderr);
}

#[test]
fn nobody_with_the_documented_capabilities_sees_what_root_sees() {
    if skip() {
        return;
    }
    let copy = Copy::of_the_binary("least");
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let args = ["--duration", "60s", "--exit-code"];
    let mut root = Tracer::start(&args).unwrap();
    let expected = hooks(&mut root);
    root.interrupt().unwrap();
    let mut tracer = Tracer::start_by(nobody(copy.path(), &DOCUMENTED), &args).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", tracer.pid())).unwrap();
    assert!(status.contains("Uid:\t65534\t65534"), "{status}");
    assert_eq!(hooks(&mut tracer), expected);
    finds_the_incident(tracer, &lab);
}

/// The lines of a thread's status that say what it may do.
fn rights(tracer: &Tracer) -> Vec<BTreeMap<String, String>> {
    let threads = std::fs::read_dir(format!("/proc/{}/task", tracer.pid())).unwrap();
    let status = |thread: std::fs::DirEntry| std::fs::read_to_string(thread.path().join("status")).ok();
    let lines = |text: String| {
        let pairs = text.lines().filter_map(|line| line.split_once(":\t"));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    };
    threads.flatten().filter_map(status).map(lines).collect()
}

/// Started with all of them, it keeps the documented ones, in every thread and for good; what talks to others has none.
#[test]
fn root_gives_up_what_is_not_needed() {
    if skip() {
        return;
    }
    let documented = DOCUMENTED_NUMBERS.iter().fold(0_u64, |bits, number| bits | 1 << number);
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let args = ["--duration", "60s", "--exit-code", "--metrics", "127.0.0.1:0"];
    let tracer = Tracer::start(&args).unwrap();
    let threads = rights(&tracer);
    assert!(threads.len() > 3, "{threads:?}");
    for thread in &threads {
        let set = |name: &str| u64::from_str_radix(&thread[name], 16).unwrap();
        let name = thread["Name"].as_str();
        assert_eq!(set("CapPrm") & !documented, 0, "{name}: {thread:?}");
        assert_eq!((set("CapInh") | set("CapAmb")) & !documented, 0, "{name}: {thread:?}");
        assert_eq!(thread["Seccomp"], "2", "{name} has a filter");
        assert_eq!(thread["NoNewPrivs"], "1", "{name}");
        if matches!(name, "metrics" | "stdout") {
            assert_eq!(set("CapPrm"), 0, "{name}: {thread:?}");
        } else {
            assert_eq!(set("CapBnd") & !documented, 0, "{name}: {thread:?}");
        }
    }
    finds_the_incident(tracer, &lab);
}

/// CAP_SYS_ADMIN includes these two (include/linux/capability.h), so nothing is lost by taking one of them away.
#[test]
fn sys_admin_stands_in_for_bpf_and_perfmon() {
    if skip() {
        return;
    }
    let copy = Copy::of_the_binary("stand-in");
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let args = ["--duration", "60s", "--exit-code"];
    finds_the_incident(
        Tracer::start_by(nobody(copy.path(), &without(&["bpf", "perfmon"])), &args).unwrap(),
        &lab,
    );
}

fn run(mut command: Command, args: &[&str]) -> (Output, String) {
    let output = command.args(args).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output, said)
}

#[test]
fn each_that_is_taken_away_is_named_with_what_it_is_for() {
    if skip() {
        return;
    }
    let copy = Copy::of_the_binary("taken");
    for (taken, lost) in [
        (&["bpf", "sys_admin"][..], "CAP_BPF (to load eBPF programs)"),
        (&["perfmon", "sys_admin"], "CAP_PERFMON (to attach them to kernel functions and tracepoints)"),
        (&["net_admin"], "CAP_NET_ADMIN (to attach them to network devices)"),
        (&["sys_admin"], "CAP_SYS_ADMIN (to enter the containers' network namespaces)"),
        (&["sys_ptrace"], "CAP_SYS_PTRACE (to see which network namespace another process is in)"),
    ] {
        let (output, said) = run(nobody(copy.path(), &without(taken)), &["run", "--duration", "2s"]);
        assert_eq!(output.status.code(), Some(3), "without {taken:?}: {said}");
        assert!(said.contains(lost), "without {taken:?}: {said}");
        let lacks = said.split("lacks").nth(1).unwrap().split("run it").next().unwrap();
        assert_eq!(lacks.matches("CAP_").count(), taken.len(), "others are not missing: {said}");
    }
}

/// Without CAP_SYSLOG it traces, and says what it won't see.
#[test]
fn without_syslog_it_says_what_is_not_seen() {
    if skip() {
        return;
    }
    let shown = |command| {
        let (output, said) = run(command, &["doctor", "-o", "json"]);
        assert_eq!(output.status.code(), Some(0), "{said}");
        let report: Value = serde_json::from_slice(&output.stdout).unwrap();
        let facts = report["facts"].as_array().unwrap().clone();
        facts.into_iter().find(|fact| fact["what"] == "kernel symbols").unwrap()
    };
    let copy = Copy::of_the_binary("syslog");
    let fact = shown(nobody(copy.path(), &without(&["syslog"])));
    assert!(fact["state"].as_str().unwrap().contains("CAP_SYSLOG"), "{fact}");
    assert!(fact["advice"].as_str().unwrap().contains("not seen"), "{fact}");
    // Programs that others load just now are functions too.
    let functions = |fact: Value| {
        let count = fact["state"].as_str().and_then(|state| state.strip_suffix(" functions")?.parse().ok());
        count.unwrap_or_else(|| panic!("{fact}"))
    };
    let with: u32 = functions(shown(nobody(copy.path(), &DOCUMENTED)));
    let root = functions(shown(Command::new(binary().unwrap())));
    assert!(with.abs_diff(root) < root / 100, "with it nobody sees what root sees: {with}, {root}");
}
