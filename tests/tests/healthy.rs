//! Nothing is wrong: not a word about it, whatever the size of the super-packets.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::time::Duration;

use mtutrace_tests::check::skip;
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::tracer::{End, Tracer};
use mtutrace_tests::lab::traffic::{HttpServer, Transfer};

/// Enough for super-packets of 64 kB.
const BIG: usize = 8_000_000;
const PATIENCE: Duration = Duration::from_secs(10);

fn oversized(end: &End, lab: &Incident) -> Vec<serde_json::Value> {
    let ids =
        [&lab.inner, &lab.pod].into_iter().chain(&lab.added).map(|one| one.id.clone()).collect::<Vec<_>>();
    let namespaces =
        [&lab.inner.netns, &lab.pod.netns, &lab.node, &lab.server].map(|one| one.inode().unwrap());
    let mut events = end.of_kind("event");
    events.retain(|event| {
        let ours = ids.iter().any(|id| event["container"]["id"] == id.as_str())
            || namespaces.iter().any(|netns| event["netns"] == *netns);
        event["signal"] == "oversized" && ours
    });
    events
}

#[test]
fn equal_mtus_and_legal_super_packets() {
    if skip() {
        return;
    }
    let spec = IncidentSpec { inner_mtu: 1450, pod_mtu: 1450, icmp_filtered: false, ..Default::default() };
    let lab = Incident::build(spec).unwrap();
    // Labs of other tests run beside this one, so the exit code is judged for this lab's container alone.
    let tracer = Tracer::start(&["--duration", "60s", "--exit-code", "--container", &lab.inner.id]).unwrap();
    assert!(lab.download(BIG, PATIENCE).unwrap().finish().unwrap().complete);
    assert!(lab.upload(BIG, PATIENCE).unwrap().finish().unwrap().complete);

    let end = tracer.interrupt().unwrap();
    assert!(end.of_kind("verdict").is_empty(), "{:#?}", end.of_kind("verdict"));
    assert!(oversized(&end, &lab).is_empty(), "{:#?}", oversized(&end, &lab));
    assert_eq!(end.code, Some(0), "{}", end.stderr);
}

#[test]
fn neighbours_on_a_1500_bridge_behind_a_1450_uplink() {
    if skip() {
        return;
    }
    let mut lab = Incident::build(IncidentSpec { icmp_filtered: false, ..Default::default() }).unwrap();
    lab.add_neighbour().unwrap();
    let beside = &lab.added[0];
    let _server = HttpServer::start(beside.place(), 80).unwrap();
    let tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    let url = format!("http://{}/{BIG}", beside.address);
    assert!(Transfer::get(lab.inner.place(), &url, PATIENCE).unwrap().finish().unwrap().complete);

    let end = tracer.interrupt().unwrap();
    assert!(oversized(&end, &lab).is_empty(), "{:#?}", oversized(&end, &lab));
    assert_eq!(end.code, Some(0), "{}", end.stderr);
}
