//! `mtutrace map`: one look at a real node, before anything is sent.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Output, Stdio};
use std::time::Duration;

use mtutrace_tests::check::{Copy, assert_mtus, skip};
use mtutrace_tests::lab::alone;
use mtutrace_tests::lab::crowd::Crowd;
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::tracer::binary;
use serde_json::Value;

/// Runs `mtutrace map` to its end; `wrapper` runs it.
fn map_by(wrapper: &[&str], args: &[&str]) -> Output {
    let mut command = Command::new("timeout");
    command.arg("30").args(wrapper).arg(binary().unwrap()).arg("map").args(args);
    command.stdin(Stdio::null()).output().unwrap()
}

fn map(args: &[&str]) -> Output {
    map_by(&[], args)
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The one line of `map -o json ARGS`, which must end with this exit code.
fn json(code: i32, args: &[&str]) -> Value {
    let output = map(&[&["-o", "json"], args].concat());
    assert_eq!(output.status.code(), Some(code), "{}{}", stdout(&output), stderr(&output));
    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(line["v"] == 1 && line["kind"] == "map", "{line}");
    line
}

fn row<'a>(line: &'a Value, container: &str) -> &'a Value {
    let mut rows = line["containers"].as_array().unwrap().iter();
    rows.find(|row| row["container"]["id"] == container).unwrap_or_else(|| panic!("no {container}: {line}"))
}

/// The incident as a map, before and after the fix.
fn wrong_then_right(spec: IncidentSpec, family: &str) {
    if skip() {
        return;
    }
    let lab = Incident::build(spec).unwrap();
    // Labs of other tests may be wrong as well, but none makes it right.
    let line = json(1, &[]);
    assert!(row(&line, &lab.pod.id).get("mismatch").is_none(), "{line}");
    let inner = row(&line, &lab.inner.id);
    assert_eq!(inner["container"]["parents"][0]["id"], lab.pod.id.as_str(), "{inner}");
    assert_eq!(inner["netns"], lab.inner.netns.inode().unwrap(), "{inner}");
    let path = &inner["paths"][0];
    assert_eq!((&path["family"], &path["mtu"]), (&family.into(), &lab.spec().pod_mtu.into()), "{inner}");
    let hops = path["hops"].as_array().unwrap().iter().filter_map(|hop| hop["interface"].as_str());
    let hops = hops.collect::<Vec<_>>().join(" ");
    assert!(hops.starts_with("eth0 vethinner docker0 eth0 vethpod cni0"), "{hops}");
    let mismatch = &inner["mismatch"];
    assert_mtus(mismatch, &lab);
    assert_eq!(mismatch["culprit"]["interface"], "docker0", "{mismatch}");
    let pod = lab.pod.netns.inode().unwrap();
    assert!(mismatch["culprit"]["netns"] == pod && mismatch["bottleneck"]["netns"] == pod, "{mismatch}");
    assert!(line["namespaces"].as_u64() >= Some(4) && line["took_ms"].is_u64(), "{line}");

    let id = &lab.inner.id[..12];
    let output = map(&["--container", id]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    let text = stdout(&output);
    let (inner, pod) = (lab.spec().inner_mtu, lab.spec().pod_mtu);
    assert!(text.contains(&format!("docker0 {inner} (should be {pod}) > eth0 {pod} (limit)")), "{text}");
    assert!(text.contains(&format!("dockerd --mtu={pod}")) && text.contains(id), "{text}");
    assert!(text.contains("1 container, 1 mismatch") && !text.contains('\x1b'), "{text}");
    // A container's id stands for what runs inside it, and the pod itself is right.
    assert_eq!(map(&["--container", &lab.pod.id]).status.code(), Some(1));

    lab.apply_fix().unwrap();
    let line = json(0, &["--container", &lab.inner.id, "--container", &lab.pod.id]);
    assert_eq!(line["containers"].as_array().map(Vec::len), Some(2), "{line}");
    assert_eq!(line["mismatches"], 0, "{line}");
}

#[test]
fn the_incident_and_its_fix() {
    wrong_then_right(IncidentSpec::default(), "ipv4");
}

#[test]
fn ipv6_alone_and_other_numbers() {
    wrong_then_right(
        IncidentSpec { ipv6: true, inner_mtu: 1800, pod_mtu: 1637, ..Default::default() },
        "ipv6",
    );
}

#[test]
fn a_bridge_without_ports_is_not_wrong() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec { inner_mtu: 1450, ..Default::default() }).unwrap();
    let idle = "link add br-0123456789ab mtu 1500 type bridge\naddress add 172.30.0.1/16 dev br-0123456789ab\n\
                link set br-0123456789ab up";
    lab.pod.netns.ip(idle).unwrap();
    let output = map(&["--container", &lab.pod.id]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(stdout(&output).contains("2 containers, no mismatch"), "{}", stdout(&output));
}

#[test]
fn an_unknown_container_lists_the_known_ones() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let output = map(&["--container", &lab.inner.id, "--container", "nosuchcontainer"]);
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{text}");
    assert!(output.stdout.is_empty(), "{}", stdout(&output));
    assert!(text.contains("nosuchcontainer") && text.contains(&lab.inner.id[..12]), "{text}");
    assert_eq!(map(&["-o", "tree"]).status.code(), Some(2));
}

#[test]
fn not_root_says_which_capabilities_are_needed() {
    if skip() {
        return;
    }
    let copy = Copy::of_the_binary("map");
    let mut command = Command::new("timeout");
    command.args(["30", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]);
    let output = command.arg(copy.path()).arg("map").stdin(Stdio::null()).output().unwrap();
    let text = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{text}");
    assert!(output.stdout.is_empty(), "{}", stdout(&output));
    assert!(text.contains("CAP_SYS_ADMIN") && text.contains("CAP_SYS_PTRACE"), "{text}");
    assert!(!text.contains("CAP_BPF") && !text.contains("CAP_NET_ADMIN"), "{text}");
}

#[test]
fn the_two_capabilities_suffice() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let few = ["setpriv", "--bounding-set=-all,+sys_admin,+sys_ptrace", "--inh-caps=-all"];
    let output = map_by(&few, &["--container", &lab.inner.id]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stdout(&output).contains("docker0 1500 (should be 1450)"), "{}", stdout(&output));
}

#[test]
fn a_reader_that_left_is_no_error() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let mut command = Command::new(binary().unwrap());
    command.args(["map", "--container", &lab.inner.id]).stdin(Stdio::null());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert_eq!(stderr(&output), "");
}

/// What `mtutrace map -o json` said, how it ended, its CPU time, and its largest resident memory in KiB.
#[expect(clippy::zombie_processes, reason = "wait4 waits, and tells more than wait does")]
fn measured() -> (Value, ExitStatus, Duration, i64) {
    let mut command = Command::new("timeout");
    // A node may have more namespaces than a process may have open files.
    command.args(["30", "prlimit", "--nofile=64"]).arg(binary().unwrap()).args(["map", "-o", "json"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    child.stdout.take().unwrap().read_to_string(&mut line).unwrap();
    let mut status = 0;
    // SAFETY: rusage is integers only; zeros are valid.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    let pid = libc::pid_t::try_from(child.id()).unwrap();
    // Of the child and of those that it waited for.
    // SAFETY: both pointers are those of live locals, and nobody else waits for the child.
    assert_eq!(unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut usage) }, pid);
    let times = [usage.ru_utime, usage.ru_stime];
    let cpu = times.map(|t| Duration::new(t.tv_sec as u64, t.tv_usec as u32 * 1000)).iter().sum();
    (serde_json::from_str(&line).unwrap(), ExitStatus::from_raw(status), cpu, usage.ru_maxrss)
}

#[test]
fn two_hundred_containers_under_a_second() {
    // What is measured grows with the node.
    if skip() || alone::ran("two_hundred_containers_under_a_second") {
        return;
    }
    let crowd = Crowd::build(200).unwrap();
    let (line, status, cpu, memory) = measured();
    eprintln!("{cpu:?} of CPU time, {memory} KiB, {} ms, {} namespaces", line["took_ms"], line["namespaces"]);
    assert_eq!(status.code(), Some(1));
    assert!(line["namespaces"].as_u64() > Some(200), "{line}");
    for pod in &crowd.pods {
        let row = row(&line, &pod.id);
        assert_eq!(row["paths"][0]["mtu"], Crowd::WAY_MTU, "{row}");
        assert_eq!(row["mismatch"]["culprit"]["mtu"], Crowd::OWN_MTU, "{row}");
    }
    assert!(cpu < Duration::from_secs(1), "{cpu:?} of CPU time");
    assert!(memory < 100 * 1024, "{memory} KiB");
}
