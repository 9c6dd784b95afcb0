//! More events than the ring can take: what is lost is counted, and told while it happens.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mtutrace_tests::check::{assert_nothing_is_lost_silently, skip, sum};
use mtutrace_tests::lab::datagrams::{Discovery, Sent, udp_send};
use mtutrace_tests::lab::incident::{Incident, IncidentSpec, SERVER};
use mtutrace_tests::lab::mib::Mib;
use mtutrace_tests::lab::netns::NetNs;
use mtutrace_tests::lab::tracer::{End, Tracer};
use serde_json::Value;

const SOON: Duration = Duration::from_secs(30);
/// Far more than a ring of one page can hold between two looks at it.
const FLOOD: u64 = 20_000;

/// One at a time: a flood is seen by every tracer of the node.
static FLOODS: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    FLOODS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A flood while the tracer stands still: what a source may send leaves room in the ring of one that reads, however small.
fn flood(lab: &Incident, tracer: &Tracer) -> Sent {
    tracer.signal(libc::SIGSTOP).unwrap();
    let sent = udp_send(lab.inner.place(), &format!("{SERVER}:9"), 1472, FLOOD, Discovery::Df).unwrap();
    tracer.signal(libc::SIGCONT).unwrap();
    sent
}

/// FragFails of a namespace: packets with DF that did not fit.
fn frag_fails(netns: &NetNs) -> u64 {
    u64::try_from(Mib::read(netns).unwrap().get("IpFragFails")).unwrap()
}

/// Drops that a tracer with room for all of them saw outside of the lab: hooks count those of the whole node.
fn drops_of_others(end: &End, lab: &Incident) -> u64 {
    let namespaces = [&lab.server, &lab.node, &lab.pod.netns, &lab.inner.netns];
    let ours = namespaces.map(|netns| netns.inode().unwrap());
    let is_drop = |line: &&Value| line["signal"] == "drop" && !ours.iter().any(|one| line["netns"] == *one);
    assert_eq!(end.last_of_kind("status").pop().unwrap()["lost"], 0, "the ring of the second tracer");
    end.of_kind("event").iter().filter(is_drop).count() as u64
}

#[test]
fn what_the_ring_cannot_take_is_counted() {
    if skip() {
        return;
    }
    let _one_flood = alone();
    let lab = Incident::build(IncidentSpec { icmp_filtered: false, ..Default::default() }).unwrap();
    // With a locked MTU the sender ignores what the router tells it, and goes on. (A firewall that keeps the ICMP from
    // it would make drops of its own.)
    lab.inner.netns.ip("route replace default via 172.17.0.1 mtu lock 1500").unwrap();
    let before = frag_fails(&lab.pod.netns);
    // From before the other's start until after its end.
    let roomy = Tracer::start(&["--duration", "90s", "--ring-size", "33554432"]).unwrap();
    let mut tracer = Tracer::start(&["--duration", "90s", "--ring-size", "4096"]).unwrap();
    let sent = flood(&lab, &tracer);
    assert_eq!(sent.sent, FLOOD, "nobody told the sender");

    let told = |line: &Value| line["kind"] == "status" && line["lost"].as_u64() > Some(0);
    let meanwhile = tracer.wait_for("a status with losses", SOON, told).unwrap();
    assert!(meanwhile.get("duration_ms").is_none(), "only at the end: {meanwhile}");
    let end = tracer.interrupt().unwrap();
    let others = drops_of_others(&roomy.interrupt().unwrap(), &lab);

    let failed = frag_fails(&lab.pod.netns) - before;
    let last = end.last_of_kind("status").pop().unwrap();
    let number = |field: &str| last[field].as_u64().unwrap_or_else(|| panic!("{field}: {last}"));
    assert!(number("lost") > 0, "{last}");
    assert!(number("lost") >= meanwhile["lost"].as_u64().unwrap(), "{last}");
    assert_eq!(number("undecodable"), 0, "{last}");
    assert_nothing_is_lost_silently(&last);
    assert!(sum(&last["left_out"]) > 0, "one source has its budget: {last}");

    // The router counts each packet once, and each is one record of a drop, sent or lost.
    let drops = last["records"]["drop"].as_u64().unwrap();
    assert!(failed > 0 && drops >= failed, "{drops} drops of {failed}: {last}");
    assert!(drops <= failed + others, "{drops} drops of {failed} and {others} of others: {last}");
    let shown = end.of_kind("event").iter().filter(|line| line["signal"] == "drop").count() as u64;
    assert!(shown < drops, "{shown} of {drops} drops");
    // The kernel's own counter stands in for the events that are lost.
    let pod = lab.pod.netns.inode().unwrap();
    let reports = end.last_of_kind("report");
    let report = reports.iter().find(|line| line["netns"] == pod).unwrap();
    assert_eq!(report["kernel"]["IpFragFails"], failed, "{report}");
}

#[test]
fn people_are_told_while_it_happens() {
    if skip() {
        return;
    }
    let _one_flood = alone();
    let lab = Incident::build(IncidentSpec { icmp_filtered: false, ..Default::default() }).unwrap();
    lab.inner.netns.ip("route replace default via 172.17.0.1 mtu lock 1500").unwrap();
    let mut tracer = Tracer::start_text(&["--duration", "90s", "--ring-size", "4096"]).unwrap();
    flood(&lab, &tracer);
    let told = |line: &str| line.contains("events LOST so far").then_some(());
    tracer.wait_for_line("a line about losses", SOON, told).unwrap();
    let end = tracer.interrupt().unwrap();
    assert!(end.last.iter().any(|line| line.contains(" events LOST")), "{:#?}", end.last);
    // The hooks saw less than the kernel counted, and it says so.
    let less = |line: &String| line.contains("kernel counted") && line.contains("hooks saw");
    assert!(end.last.iter().any(less), "{:#?}", end.last);
}

#[test]
fn a_ring_of_no_size() {
    use std::process::Command;
    let binary = mtutrace_tests::lab::tracer::binary().unwrap();
    for size in ["5000", "1024", "0", "big"] {
        let output = Command::new(&binary).args(["run", "--ring-size", size]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{size}: {said}");
        assert!(said.contains(size) && said.contains("power of two"), "{size}: {said}");
    }
    let help = Command::new(&binary).args(["run", "--help"]).output().unwrap();
    assert!(!String::from_utf8_lossy(&help.stdout).contains("ring-size"));
}
