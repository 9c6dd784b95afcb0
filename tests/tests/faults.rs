//! What goes wrong on a node while it runs: docs/RELIABILITY.md lists all, with what is guaranteed and which test tries it.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use mtutrace_tests::check::{is_verdict, kernel_lacks, skip};
use mtutrace_tests::lab::alone;
use mtutrace_tests::lab::daemon::Daemon;
use mtutrace_tests::lab::datagrams::{Discovery, udp_send};
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::leaks::Held;
use mtutrace_tests::lab::name;
use mtutrace_tests::lab::netns::NetNs;
use mtutrace_tests::lab::process::Process;
use mtutrace_tests::lab::rooted::Rooted;
use mtutrace_tests::lab::routed::{Routed, RoutedSpec};
use mtutrace_tests::lab::tracer::{End, Tracer, binary};
use mtutrace_tests::lab::wait;
use serde_json::Value;

const BIG: usize = 300_000;
const STALLED: Duration = Duration::from_secs(40);
const SOON: Duration = Duration::from_secs(15);

/// Ends the run, as people do, and panics unless it ended well and nothing of it is left.
fn end_of(tracer: Tracer) -> End {
    let held = Held::by(tracer.pid()).unwrap();
    let end = tracer.interrupt().unwrap();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    assert!(!end.stderr.contains("panicked"), "{}", end.stderr);
    held.await_gone(SOON).unwrap();
    end
}

/// An event about a device of that name in that namespace.
fn is_event(line: &Value, netns: &NetNs, device: &str) -> bool {
    let there = [("netns", "interface"), ("egress_netns", "egress_interface")];
    line["kind"] == "event"
        && there.iter().any(|(place, name)| {
            (line[*place].is_null() || line[*place] == netns.inode().unwrap()) && line[*name] == device
        })
}

#[test]
fn a_device_is_renamed_and_then_moved_to_another_namespace() {
    if skip() {
        return;
    }
    let lab = Routed::build(RoutedSpec::default()).unwrap();
    let mut tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    let probe = || udp_send(lab.a.place(), "10.1.2.2:9", 1400, 1, Discovery::Probe).unwrap();
    lab.router.ip("link set tob down\nlink set tob name renamed\nlink set renamed mtu 1300 up").unwrap();
    let seen = |tracer: &mut Tracer, netns: &NetNs, device: &str, send: &dyn Fn()| {
        // The model follows the kernel within a moment; each packet is judged by the one of its time.
        wait::until(&format!("an event at {device}"), SOON, || {
            send();
            let wanted = |line: &Value| is_event(line, netns, device);
            Ok(tracer.wait_for("it", Duration::from_millis(200), wanted).ok())
        })
        .unwrap()
    };
    seen(&mut tracer, &lab.router, "renamed", &|| assert_eq!(probe().sent, 1));

    // From now on it is the router of another namespace, whose way on is too small for B.
    let other = NetNs::create(&format!("{}-other", name::own())).unwrap();
    other.sysctl("net/ipv4/ip_forward", "1").unwrap();
    other.ip("link add way mtu 1280 type veth peer name end\nlink set way up\nlink set end up").unwrap();
    lab.router.ip(&format!("link set renamed netns {}", other.name())).unwrap();
    other
        .ip("link set renamed name moved mtu 1500 up\naddress add 10.1.2.1/24 dev moved\n\
             route add 10.1.1.0/24 dev way")
        .unwrap();
    let back = || udp_send(lab.b.place(), "10.1.1.2:9", 1400, 1, Discovery::Probe).unwrap();
    let event = seen(&mut tracer, &other, "moved", &|| assert_eq!(back().sent, 1));
    assert_eq!(event["netns"], other.inode().unwrap(), "{event}");
    end_of(tracer);
}

#[test]
fn processes_come_and_go_faster_than_they_can_be_looked_at() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    // Each is gone a moment later, with its directory in /proc and, one in two, a namespace of its own.
    let storm = "while :; do for n in 1 2 3 4 5 6 7 8; do unshare -n true & true & done; wait; done";
    let mut shell = lab.pod.command("sh").unwrap();
    let _storm =
        Process::spawn(shell.args(["-c", storm]).stdout(Stdio::null()).stderr(Stdio::null())).unwrap();
    let mut tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    let _download = lab.download(BIG, STALLED).unwrap();
    let wanted = |line: &Value| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
    tracer.wait_for("pmtu_blackhole", SOON * 2, wanted).unwrap();
    let end = end_of(tracer);
    let last = end.last_of_kind("status").pop().unwrap();
    assert_eq!(last["undecodable"], 0, "{last}");
}

/// Freezes a cgroup, or thaws it.
fn freeze(cgroup: &Path, frozen: bool) -> std::io::Result<()> {
    std::fs::write(cgroup.join("cgroup.freeze"), if frozen { "1" } else { "0" })
}

#[test]
fn a_frozen_container_is_known_and_its_verdict_comes() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let cgroup = lab.inner.cgroup().dir().to_owned();
    if !cgroup.join("cgroup.freeze").exists() {
        return kernel_lacks(
            "faults::a_frozen_container_is_known_and_its_verdict_comes",
            "freezer (cgroup v2)",
        );
    }
    let mut download = lab.download(BIG, STALLED).unwrap();
    download.wait_for_stall().unwrap();
    freeze(&cgroup, true).unwrap();
    wait::until("the container to be frozen", SOON, || {
        Ok(std::fs::read_to_string(cgroup.join("cgroup.events"))?.contains("frozen 1").then_some(()))
    })
    .unwrap();
    // What is seen are the server's attempts; nobody in the container answers.
    let mut tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    let about = |line: &Value| line["kind"] == "verdict" && line["container"]["id"] == lab.inner.id.as_str();
    let verdict = tracer.wait_for("a verdict about the frozen container", SOON * 2, about);
    freeze(&cgroup, false).unwrap();
    assert_eq!(verdict.unwrap()["culprit"]["mtu"], 1500);
    end_of(tracer);
}

#[test]
fn a_daemon_dies_and_another_one_comes() {
    const TEST: &str = "a_daemon_dies_and_another_one_comes";
    if skip() || alone::ran(TEST) {
        return;
    }
    let outer = Rooted::start(None).unwrap();
    let inner = &outer.inner;
    inner
        .netns
        .ip("link add eth0 mtu 1500 type veth peer name end\nlink set end up\nlink set eth0 up")
        .unwrap();
    inner.netns.ip("address add 10.9.0.2/24 dev eth0\nroute add default dev eth0 mtu 1400").unwrap();
    let socket = outer.path("run/docker.sock");
    // This one knows nobody, and dies.
    let first = Daemon::serve(&socket, "[]".to_owned()).unwrap();
    let mut tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    wait::until("the first daemon to be asked", SOON, || Ok((first.asked() > 0).then_some(()))).unwrap();
    drop(first);
    let mut told = |who: &str, name: &Value| {
        wait::until(&format!("an event of {who}"), SOON, || {
            udp_send(inner.place(), "192.0.2.9:9", 1450, 1, Discovery::Df)?;
            let ours = |line: &Value| line["container"]["id"] == inner.id.as_str();
            let wanted =
                |line: &Value| line["kind"] == "event" && ours(line) && line["container"]["name"] == *name;
            Ok(tracer.wait_for("it", Duration::from_millis(200), wanted).ok())
        })
        .unwrap();
    };
    told("a container without a name", &Value::Null);
    let known = format!(r#"[{{"Id":"{}","Names":["/web"]}}]"#, inner.id);
    let second = Daemon::serve(&socket, known).unwrap();
    told("the container that the second daemon knows", &"web".into());
    drop(second);
    // What it said is kept.
    told("the container that no daemon knows any more", &"web".into());
    end_of(tracer);
}

/// A folder on a file system of its own, which only what [`Disk::command`] starts sees.
struct Disk(PathBuf);

impl Disk {
    fn new(name: &str) -> Disk {
        let path = name::temporary(name);
        std::fs::create_dir(&path).unwrap();
        Disk(path)
    }

    /// mtutrace, with that file system mounted there by these options.
    fn command(&self, options: &str) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "slave", "sh", "-c"]);
        command.arg(r#"mount -t tmpfs -o "$1" none "$2" && shift 2 && exec "$@""#);
        command.arg("sh").arg(options).arg(&self.0).arg(binary().unwrap());
        command
    }

    fn file(&self) -> String {
        self.0.join("recording.pcapng").to_str().unwrap().to_owned()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _only_the_mount_point = std::fs::remove_dir(&self.0);
    }
}

#[test]
fn a_namespace_that_is_mounted_elsewhere_stays_while_any_process_there_does() {
    let me = "a_namespace_that_is_mounted_elsewhere_stays_while_any_process_there_does";
    if skip() || alone::ran(me) {
        return;
    }
    // Nothing but the mount holds it; three processes see that, of which the youngest and then the oldest go.
    let disk = Disk::new("held");
    let mut shell = Command::new("unshare");
    shell.args(["--mount", "--propagation", "private", "sh", "-c"]);
    shell.arg(
        r#"mount -t tmpfs none "$1" && : > "$1/net" && unshare --net="$1/net" true || exit
        sleep 600 & sleep 600 & echo made && read go && kill $! && wait $!; echo gone; wait"#,
    );
    shell.arg("sh").arg(&disk.0).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut shell = Process::spawn(&mut shell).unwrap();
    let (mut say, mut said) =
        (shell.take_stdin().unwrap(), BufReader::new(shell.take_stdout().unwrap()).lines());
    assert_eq!(said.next().unwrap().unwrap(), "made");
    let mut tracer = Tracer::start(&["--interval", "1s", "--only", "status", "--duration", "60s"]).unwrap();
    // Once another one that has come since is known, it has been looked at what a process left behind.
    let mut are = |number: u64| {
        let wanted = |line: &Value| line["namespaces"] == number;
        tracer.wait_for(&format!("{number} namespaces"), SOON, wanted).unwrap()
    };
    are(2);
    writeln!(say, "go").unwrap();
    assert_eq!(said.next().unwrap().unwrap(), "gone");
    let _third = NetNs::create(&format!("{}-third", name::own())).unwrap();
    are(3);
    shell.kill().unwrap();
    let _fourth = NetNs::create(&format!("{}-fourth", name::own())).unwrap();
    are(4);
    end_of(tracer);
}

#[test]
fn a_recording_on_a_file_system_that_is_read_only() {
    if skip() {
        return;
    }
    let disk = Disk::new("read-only");
    let mut command = disk.command("ro");
    let output = command.args(["record", "-w", &disk.file()]).stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("Read-only file system") && said.contains("cannot write the recording"), "{said}");
}

#[test]
fn a_disk_fills_up_while_it_records() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let disk = Disk::new("full");
    let mut tracer =
        Tracer::record_by(disk.command("size=16k"), &["-w", &disk.file(), "--duration", "60s"]).unwrap();
    let _download = lab.download(BIG, STALLED).unwrap();
    let wanted = |line: &Value| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
    tracer.wait_for("pmtu_blackhole", SOON * 2, wanted).unwrap();
    let end = tracer.interrupt().unwrap();
    eprintln!("{:?}: {}", end.code, end.stderr);
    assert!(end.stderr.contains("No space left on device"), "{}", end.stderr);
    assert!(end.last_of_kind("verdict").iter().any(wanted), "{:#?}", end.last);
}

/// The kernel's clock of events is that of the machine, whatever clock whoever starts it lives by.
#[test]
fn it_runs_in_a_time_namespace() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    for ahead in ["--monotonic=100000", "--monotonic=-1000"] {
        let works =
            Command::new("unshare").args(["--time", ahead, "true"]).output().unwrap().status.success();
        if !works {
            return kernel_lacks("faults::it_runs_in_a_time_namespace", "time namespaces");
        }
        let started = jiff::Timestamp::now();
        let mut command = Command::new("unshare");
        command.args(["--time", ahead, "--"]).arg(binary().unwrap());
        let mut tracer = Tracer::start_by(command, &["--duration", "60s"]).unwrap();
        let _download = lab.download(BIG, STALLED).unwrap();
        let wanted = |line: &Value| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
        let verdict = tracer.wait_for("pmtu_blackhole", SOON * 2, wanted).unwrap();
        let end = end_of(tracer);
        for line in end.of_kind("event").iter().chain([&verdict]) {
            let time = line["time"].as_str().unwrap_or_default().parse::<jiff::Timestamp>().unwrap();
            let apart = started.duration_until(time).as_secs();
            assert!((-5..60).contains(&apart), "{ahead}: {apart} s after the start: {line}");
        }
        assert!(!end.of_kind("event").is_empty());
    }
}
