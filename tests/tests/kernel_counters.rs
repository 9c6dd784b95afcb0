//! The kernel's own counters of packets too big: the tracer reports exactly what the kernel counted meanwhile.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::collections::BTreeMap;
use std::time::Duration;

use mtutrace_tests::check::skip;
use mtutrace_tests::lab::datagrams::{Discovery, udp_send};
use mtutrace_tests::lab::incident::{Incident, IncidentSpec, SERVER};
use mtutrace_tests::lab::mib::Mib;
use mtutrace_tests::lab::netns::NetNs;
use mtutrace_tests::lab::tracer::{End, Tracer};
use serde_json::{Value, json};

const BIG: usize = 300_000;
const PATIENCE: Duration = Duration::from_secs(30);
const NAMES: [&str; 13] = [
    "IpFragOKs",
    "IpFragFails",
    "IpFragCreates",
    "IpReasmTimeout",
    "IpReasmFails",
    "Ip6FragOKs",
    "Ip6FragFails",
    "Ip6FragCreates",
    "Ip6ReasmTimeout",
    "Ip6ReasmFails",
    "Ip6InTooBigErrors",
    "Icmp6InPktTooBigs",
    "Icmp6OutPktTooBigs",
];

/// The counters of a namespace, read by the test itself.
fn counters(netns: &NetNs) -> BTreeMap<String, u64> {
    let mib = Mib::read(netns).unwrap();
    NAMES.map(|name| (name.to_owned(), u64::try_from(mib.get(name)).unwrap())).into()
}

/// What moved between two readings, as a report says it.
fn moved(before: &BTreeMap<String, u64>, after: &BTreeMap<String, u64>) -> Value {
    let moved = after.iter().map(|(name, now)| (name.clone(), now - before[name]));
    json!(moved.filter(|(_, n)| *n > 0).collect::<BTreeMap<_, _>>())
}

/// `kernel` of the namespace's last line, that of the final report; null without one.
fn kernel(end: &End, netns: &NetNs) -> Value {
    let inode = netns.inode().unwrap();
    let mut lines = end.last_of_kind("report");
    lines.retain(|line| line["netns"] == inode);
    lines.pop().map_or(Value::Null, |line| line["kernel"].clone())
}

fn an_upload_is_counted(ipv6: bool, must_move: &[&str]) {
    if skip() {
        return;
    }
    let spec = IncidentSpec { icmp_filtered: false, ipv6, ..Default::default() };
    let lab = Incident::build(spec).unwrap();
    let places = [&lab.server, &lab.node, &lab.pod.netns, &lab.inner.netns];
    let before = places.map(counters);
    let mut tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    assert!(lab.upload(BIG, PATIENCE).unwrap().finish().unwrap().complete);
    let pod = lab.pod.netns.inode().unwrap();
    let wanted =
        |line: &Value| line["kind"] == "report" && line["netns"] == pod && line["kernel"].is_object();
    let report = tracer.wait_for("a report with the kernel's counters", PATIENCE, wanted).unwrap();
    // What died in the pod is charged to the inner container: the pod's own line has the kernel's counters alone.
    assert_eq!(report["container"]["id"], lab.pod.id.as_str(), "{report}");
    assert_eq!(report["counters"], json!({}), "{report}");

    let end = tracer.interrupt().unwrap();
    for (place, before) in places.iter().zip(&before) {
        let moved = moved(before, &counters(place));
        let expected = if moved == json!({}) { Value::Null } else { moved };
        assert_eq!(kernel(&end, place), expected, "{}", place.name());
    }
    for name in must_move {
        assert!(kernel(&end, &lab.pod.netns)[name].as_u64() > Some(0), "{name}: {:#?}", end.last);
    }
}

#[test]
fn an_upload_over_ipv4() {
    an_upload_is_counted(false, &["IpFragFails"]);
}

#[test]
fn an_upload_over_ipv6() {
    an_upload_is_counted(true, &["Ip6FragFails", "Ip6InTooBigErrors", "Icmp6OutPktTooBigs"]);
}

#[test]
fn people_read_them_at_the_end_if_they_asked_for_the_namespace() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec { icmp_filtered: false, ..Default::default() }).unwrap();
    let before = counters(&lab.pod.netns);
    let inode = lab.pod.netns.inode().unwrap().to_string();
    let node = lab.node.inode().unwrap().to_string();
    let [all, pod, inner, elsewhere] =
        [vec![], vec!["--netns", &inode], vec!["--container", &lab.inner.id], vec!["--netns", &node]]
            .map(|filter| Tracer::start_text(&[&["--duration", "60s"], &filter[..]].concat()).unwrap());
    assert!(lab.upload(BIG, PATIENCE).unwrap().finish().unwrap().complete);
    let [all, pod, inner, elsewhere] = [all, pod, inner, elsewhere].map(|t| t.interrupt().unwrap().last);

    let counted = moved(&before, &counters(&lab.pod.netns))["IpFragFails"].as_u64().unwrap();
    let line = format!("kernel counters: IpFragFails {counted}");
    let ours = |lines: &[String]| lines.iter().any(|l| l.contains(&lab.pod.id[..12]) && l.contains(&line));
    assert!(ours(&all), "{all:#?}");
    assert!(ours(&pod), "{pod:#?}");
    for others in [&inner, &elsewhere] {
        assert!(!others.iter().any(|l| l.contains("kernel counters")), "{others:#?}");
    }
    // Hooks and kernel agree.
    let less = pod.iter().find(|l| l.contains("hooks saw"));
    assert_eq!(less, None);
}

#[test]
fn a_container_that_comes_later_counts_from_its_birth() {
    if skip() {
        return;
    }
    let spec = IncidentSpec { icmp_filtered: false, ..Default::default() };
    let mut lab = Incident::build(spec).unwrap();
    let mut tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    let late = lab.add_late_container().unwrap();
    // Cut by its own kernel, before the tracer may even know that it is there.
    udp_send(late.place(), &format!("{SERVER}:9"), 4000, 2, Discovery::Fragment).unwrap();
    let born = counters(&late.netns).keys().map(|name| (name.clone(), 0)).collect();
    let counted = moved(&born, &counters(&late.netns));
    assert_eq!(counted["IpFragOKs"], 2, "{counted}");

    let wanted = |line: &Value| line["container"]["id"] == late.id.as_str() && line["kernel"] == counted;
    tracer.wait_for("a report with the kernel's counters", PATIENCE, wanted).unwrap();
    // It ends, and what it counted stays in the report.
    let id = lab.added.pop().unwrap().id.clone();
    let reports = tracer.interrupt().unwrap().last_of_kind("report");
    let ours = reports.iter().rfind(|line| line["container"]["id"] == id.as_str());
    assert_eq!(ours.unwrap()["kernel"], counted);
}
