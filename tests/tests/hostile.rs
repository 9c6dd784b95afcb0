//! A container does its worst while another one's download stalls: that one's verdict comes, nobody else is blamed, and the
//! tracer stays small and obedient.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use mtutrace_tests::check::{assert_nothing_is_lost_silently, skip};
use mtutrace_tests::lab::container::Container;
use mtutrace_tests::lab::datagrams;
use mtutrace_tests::lab::hostile::{Hostile, INNOCENT};
use mtutrace_tests::lab::incident::SERVER;
use mtutrace_tests::lab::memory::Memory;
use mtutrace_tests::lab::tracer::Tracer;
use serde_json::Value;

const SOON: Duration = Duration::from_secs(20);
/// How long the attack has had its way when the download begins.
const AT_FIRST: Duration = Duration::from_secs(3);
/// Resident bytes that the tracer never has: the DaemonSet allows it 256 MiB.
const MEMORY: u64 = 96 << 20;

/// One at a time: an attack is seen by every tracer of the node.
static ATTACKS: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ATTACKS.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_about(line: &Value, container: &Container) -> bool {
    line["kind"] == "verdict" && line["container"]["id"] == container.id.as_str()
}

fn stalls(line: &Value, container: &Container) -> bool {
    is_about(line, container) && line["severity"] == "critical"
}

fn flood(kind: &str, who: &str, to: &str) {
    if skip() {
        return;
    }
    let _one_attack = alone();
    let lab = Hostile::build().unwrap();
    lab.inside.netns.ip("link set eth0 mtu 9000").unwrap();
    let attacker = if who == "innocent" { &lab.innocent } else { &lab.inside };
    let mut tracer = Tracer::start(&["--duration", "120s"]).unwrap();
    let attack = lab.attack(attacker, kind, &format!("{to}:9"), &["--as", INNOCENT]).unwrap();
    // What there is room for at once is used up.
    assert!(tracer.wait_for("nothing", AT_FIRST, |_| false).is_err());

    let begun = Instant::now();
    let _download = lab.victim.download(3_000_000, SOON * 2).unwrap();
    let wanted = |line: &Value| stalls(line, &lab.victim.inner);
    let verdict = tracer.wait_for("the verdict about the victim", SOON, wanted).unwrap();
    eprintln!("{kind}: the verdict came after {:?}", begun.elapsed());
    assert_eq!(verdict["culprit"]["mtu"], 1500, "{verdict}");
    let memory = Memory::of(tracer.pid()).unwrap().peak;
    assert!(memory < MEMORY, "{} MiB", memory >> 20);

    // The books are closed while nothing is added to them.
    drop(attack);
    let asked = Instant::now();
    let end = tracer.interrupt().unwrap();
    eprintln!("{kind}: {} MiB, ended after {:?}", memory >> 20, asked.elapsed());
    assert_nothing_is_lost_silently(&end.last_of_kind("status").pop().unwrap());
    if who != "innocent" {
        let framed: Vec<_> =
            end.of_kind("verdict").into_iter().filter(|line| is_about(line, &lab.innocent)).collect();
        assert!(framed.is_empty(), "{framed:#?}");
    }
}

#[test]
fn datagrams_that_are_too_big() {
    flood("datagrams", "inside", SERVER);
}

#[test]
fn datagrams_each_of_another_flow() {
    flood("flows", "inside", SERVER);
}

#[test]
fn first_fragments() {
    flood("fragments", "inside", SERVER);
}

#[test]
fn forged_messages() {
    flood("messages", "inside", SERVER);
}

#[test]
fn forged_messages_to_the_innocent() {
    flood("messages", "inside", INNOCENT);
}

#[test]
fn segments_with_the_address_of_the_innocent() {
    flood("segments", "inside", SERVER);
}

#[test]
fn sends_that_are_refused() {
    flood("refused", "innocent", SERVER);
}

/// What a DaemonSet writes to the node's disk does not grow with what somebody sends, and the verdict is in it.
#[test]
fn a_flood_does_not_fill_a_log() {
    if skip() {
        return;
    }
    let _one_attack = alone();
    let lab = Hostile::build().unwrap();
    let begun = Instant::now();
    let mut tracer = Tracer::start(&["--duration", "120s", "--rate-limit", "10/s"]).unwrap();
    let attack = lab.attack(&lab.inside, "datagrams", &format!("{SERVER}:9"), &[]).unwrap();
    assert!(tracer.wait_for("nothing", AT_FIRST, |_| false).is_err());
    let _download = lab.victim.download(3_000_000, SOON * 2).unwrap();
    tracer.wait_for("the verdict about the victim", SOON, |line| stalls(line, &lab.victim.inner)).unwrap();
    drop(attack);
    let end = tracer.interrupt().unwrap();
    let written = end.lines.len() - end.last.len();
    let most = 10 * (begun.elapsed().as_secs() as usize + 2);
    assert!(written <= most, "{written} lines, where {most} are allowed");
    let left_out = end.of_kind("status").pop().unwrap()["rate_limited_lines"].as_u64().unwrap();
    assert!(left_out > 10 * most as u64, "a flood: {left_out} lines were left out");
}

/// What came while it stood still is old: what comes afterwards must not wait behind it.
#[test]
fn a_tracer_that_stood_still_under_a_flood() {
    if skip() {
        return;
    }
    let _one_attack = alone();
    let lab = Hostile::build().unwrap();
    let mut tracer = Tracer::start(&["--duration", "120s"]).unwrap();
    let _attack = lab.attack(&lab.inside, "flows", &format!("{SERVER}:9"), &[]).unwrap();
    tracer.signal(libc::SIGSTOP).unwrap();
    assert!(tracer.wait_for("nothing", AT_FIRST, |_| false).is_err());
    tracer.signal(libc::SIGCONT).unwrap();
    let _download = lab.victim.download(3_000_000, SOON * 2).unwrap();
    tracer.wait_for("the verdict about the victim", SOON, |line| stalls(line, &lab.victim.inner)).unwrap();
    tracer.interrupt().unwrap();
}

/// The stall is older than the trace: nothing but addresses tells whose it is.
#[test]
fn an_address_that_another_claims_too() {
    if skip() {
        return;
    }
    let _one_attack = alone();
    let lab = Hostile::build().unwrap();
    lab.pod.netns.ip(&format!("address add {}/32 dev lo", lab.victim.pod.address)).unwrap();
    let mut download = lab.victim.download(3_000_000, SOON * 3).unwrap();
    download.wait_for_stall().unwrap();
    let mut tracer = Tracer::start(&["--duration", "120s"]).unwrap();
    let about = |line: &Value| is_about(line, &lab.victim.inner) || is_about(line, &lab.victim.pod);
    let verdict = tracer.wait_for("the verdict about the victim", SOON * 2, about).unwrap();
    assert!(is_about(&verdict, &lab.victim.inner), "{verdict}");
    let end = tracer.interrupt().unwrap();
    let framed: Vec<_> = end.of_kind("verdict").into_iter().filter(|line| is_about(line, &lab.pod)).collect();
    assert!(framed.is_empty(), "{framed:#?}");
}

/// Who sends a beginning and never the rest is told of it, not who got it.
#[test]
fn lone_fragments_to_the_innocent() {
    if skip() {
        return;
    }
    let _one_attack = alone();
    let lab = Hostile::build().unwrap();
    // Connection tracking would hold them back, and the kernel gives them up sooner than it would.
    lab.pod.netns.nft("flush ruleset").unwrap();
    lab.innocent.netns.sysctl("net/ipv4/ipfrag_time", "1").unwrap();
    let mut tracer = Tracer::start(&["--duration", "120s"]).unwrap();
    datagrams::first_fragments(lab.pod.place(), &format!("{INNOCENT}:9"), 1000, 5).unwrap();
    let about = |line: &Value| is_about(line, &lab.pod) || is_about(line, &lab.innocent);
    let verdict = tracer.wait_for("the verdict about the sender", SOON * 2, about).unwrap();
    assert_eq!(verdict["verdict"], "fragments_lost", "{verdict}");
    let end = tracer.interrupt().unwrap();
    let framed: Vec<_> =
        end.of_kind("verdict").into_iter().filter(|line| is_about(line, &lab.innocent)).collect();
    assert!(framed.is_empty(), "{framed:#?}");
}
