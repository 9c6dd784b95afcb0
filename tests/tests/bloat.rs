//! What containers make of themselves, and what their daemons answer, takes a bounded share of the tracer's memory.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::fmt::Write;
use std::process::{Command, Stdio};
use std::time::Duration;

use mtutrace_tests::check::skip;
use mtutrace_tests::lab::daemon::Daemon;
use mtutrace_tests::lab::memory::Memory;
use mtutrace_tests::lab::rooted::Rooted;
use mtutrace_tests::lab::tracer::{Tracer, binary};
use mtutrace_tests::lab::{alone, wait};

/// Of the tracer, at its highest. The manifest for Kubernetes allows 256 MiB.
const MOST_KB: u64 = 96 << 10;
const ROUTES: u32 = 400_000;
const SOON: Duration = Duration::from_secs(20);

#[test]
fn routes_without_end() {
    if skip() || alone::ran("routes_without_end") {
        return;
    }
    let pod = Rooted::start(None).unwrap();
    let netns = &pod.inner.netns;
    netns.ip("link add d0 type veth peer name d1\nlink set d0 up\nlink set d1 up").unwrap();
    let mut batch = "route add default dev d0\nroute add 11.0.0.0/8 dev d0 mtu 1300\n".to_owned();
    for n in 0..ROUTES {
        writeln!(batch, "route add {}/32 dev d0", std::net::Ipv4Addr::from((10 << 24) + n)).unwrap();
    }
    netns.ip(&batch).unwrap();
    let tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    // It is read again when it changes.
    netns.ip("route add 12.0.0.0/8 dev d0").unwrap();
    let highest = highest_after(&tracer, Duration::from_secs(1));
    let end = tracer.interrupt().unwrap();
    assert!(highest < MOST_KB, "{highest} kB");
    assert_eq!(end.of_kind("status").last().unwrap()["cut_namespaces"], 1, "{:?}", end.lines);
    let inode = netns.inode().unwrap();
    let told = format!("netns {inode} has more routes than are read");
    assert_eq!(end.stderr.matches(&told).count(), 1, "{}", end.stderr);

    let output =
        Command::new(binary().unwrap()).args(["map", "-o", "json"]).stdin(Stdio::null()).output().unwrap();
    let line: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let unmodelled = line["unmodelled"].as_array().unwrap();
    let ours = unmodelled.iter().find(|one| one["netns"] == inode).unwrap_or_else(|| panic!("{line}"));
    assert_eq!(ours["reason"], "routes", "{line}");
}

#[test]
fn answers_of_nothing_but_containers() {
    if skip() || alone::ran("answers_of_nothing_but_containers") {
        return;
    }
    let pod = Rooted::start(None).unwrap();
    let answer = format!("[{}{{}}]", "{},".repeat(2_700_000));
    let daemon = Daemon::serve(&pod.path("run/docker.sock"), answer).unwrap();
    let tracer = Tracer::start(&["--duration", "60s", "-v"]).unwrap();
    // When it is asked again, the first answer was taken in.
    wait::until("a second question", SOON, || Ok((daemon.asked() > 1).then_some(()))).unwrap();
    let highest = highest_after(&tracer, Duration::ZERO);
    let end = tracer.interrupt().unwrap();
    assert!(highest < MOST_KB, "{highest} kB");
    assert!(end.stderr.contains("no metadata from the runtime's socket run/docker.sock"), "{}", end.stderr);
}

/// The most memory that it has had after so long, kB.
fn highest_after(tracer: &Tracer, time: Duration) -> u64 {
    std::thread::sleep(time);
    let highest = Memory::of(tracer.pid()).unwrap().peak / 1024;
    eprintln!("at most {highest} kB");
    highest
}
