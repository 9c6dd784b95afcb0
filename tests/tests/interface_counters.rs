//! What veths drop shows in no counter but those of the devices: the tracer reports exactly what the kernel counted.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::collections::BTreeMap;
use std::time::Duration;

use mtutrace_tests::causes::{await_count, packets, small_mtu};
use mtutrace_tests::check::skip;
use mtutrace_tests::lab::bridged::{Bridged, BridgedSpec};
use mtutrace_tests::lab::datagrams::{Discovery, Sent, udp_send};
use mtutrace_tests::lab::mib;
use mtutrace_tests::lab::netns::NetNs;
use mtutrace_tests::lab::routed::Family;
use mtutrace_tests::lab::tracer::{End, Tracer};
use serde_json::{Value, json};

const BIG: u32 = 1500;
const PATIENCE: Duration = Duration::from_secs(30);
const MINUTES: [&str; 2] = ["--duration", "300s"];

type Counters = BTreeMap<&'static str, i64>;

/// Sends `count` datagrams that fit A's device `name`, and waits until it has dropped them.
fn lose(lab: &Bridged, name: &str, count: u64) {
    let dropped = || mib::device(&lab.a.netns, name).unwrap()["tx_dropped"];
    let before = dropped();
    let to = Family::V4.discard(lab.b_address(Family::V4));
    let payload = BIG - Family::V4.udp_overhead();
    let sent = udp_send(lab.a.place(), &to, payload, count, Discovery::Probe).unwrap();
    assert_eq!(sent, Sent { sent: count, refused: 0 });
    assert_eq!(await_count("tx_dropped of the sender", count, || Ok(dropped() - before)).unwrap(), count);
}

/// What moved between two readings, as a report says it.
fn moved(before: &Counters, after: &Counters) -> Value {
    let moved = after.iter().map(|(name, now)| (*name, now - before[name]));
    json!(moved.filter(|(_, n)| *n > 0).collect::<BTreeMap<_, _>>())
}

fn here(line: &Value, netns: &NetNs) -> bool {
    line["netns"] == netns.inode().unwrap()
}

/// The entries of a namespace's devices in the final report.
fn devices(end: &End, netns: &NetNs) -> Vec<Value> {
    let reports = end.last_of_kind("report");
    let entries = reports.iter().flat_map(|line| line["interfaces"].as_array().unwrap().clone());
    entries.filter(|entry| here(entry, netns)).collect()
}

fn drops_there(end: &End, netns: &NetNs) -> u64 {
    let is_drop = |event: &&Value| event["signal"] == "drop" && here(event, netns);
    end.of_kind("event").iter().filter(is_drop).count() as u64
}

/// A lab where what A sends does not fit the far end of its veth.
fn narrow() -> Bridged {
    Bridged::build(BridgedSpec { port_a: small_mtu(), ..BridgedSpec::all(BIG) }).unwrap()
}

#[test]
fn a_veth_s_drops_are_in_the_report_of_its_events() {
    if skip() {
        return;
    }
    let (lab, count) = (narrow(), packets());
    lose(&lab, "eth0", 3);
    let before = mib::device(&lab.a.netns, "eth0").unwrap();
    let mut tracer = Tracer::start(&MINUTES).unwrap();
    lose(&lab, "eth0", count);
    let mut await_report = |name: &str, count: u64| {
        let counted =
            |e: &Value| here(e, &lab.a.netns) && e["interface"] == name && e["kernel"]["tx_dropped"] == count;
        let wanted = |line: &Value| line["interfaces"].as_array().is_some_and(|all| all.iter().any(counted));
        tracer.wait_for("report with the device's counters", PATIENCE, wanted).unwrap();
    };
    await_report("eth0", count);

    // Under another name it is still the same device.
    lab.a.netns.ip("link set eth0 down\nlink set eth0 name uplink0\nlink set uplink0 up").unwrap();
    lose(&lab, "uplink0", 1);
    await_report("uplink0", count + 1);
    let end = tracer.interrupt().unwrap();
    let moved = moved(&before, &mib::device(&lab.a.netns, "uplink0").unwrap());
    assert_eq!(moved["tx_dropped"], count + 1, "{moved}");
    assert_eq!(drops_there(&end, &lab.a.netns), count + 1);
    let [entry] = &devices(&end, &lab.a.netns)[..] else { panic!("one device: {:#?}", end.last) };
    assert_eq!((&entry["kernel"], &entry["counters"]["drop"]), (&moved, &json!(count + 1)), "{entry}");
    // The far end counts the same packets, but no hook tells of it.
    assert_eq!(mib::rx_dropped(&lab.switch, "toa").unwrap(), i64::try_from(3 + count + 1).unwrap());
    assert!(devices(&end, &lab.switch).iter().all(|entry| entry["kernel"].is_null()), "{:#?}", end.last);
}

#[test]
fn only_devices_that_somebody_asked_for() {
    if skip() {
        return;
    }
    let (lab, count) = (narrow(), packets());
    let switch = lab.switch.inode().unwrap().to_string();
    let filters: [(&[&str], bool); 4] = [
        (&["-i", "eth0"], true),
        (&["-i", "tob"], false),
        (&["--netns", &switch], false),
        (&["--container", &lab.b.id], false),
    ];
    let tracers = filters.map(|(filter, _)| Tracer::start(&[&MINUTES, filter].concat()).unwrap());
    lose(&lab, "eth0", count);
    for (tracer, (filter, wanted)) in tracers.into_iter().zip(filters) {
        let end = tracer.interrupt().unwrap();
        let found = devices(&end, &lab.a.netns);
        let dropped = found.iter().map(|entry| &entry["kernel"]["tx_dropped"]).collect::<Vec<_>>();
        let expected = if wanted { vec![json!(count)] } else { vec![] };
        assert_eq!(dropped, expected.iter().collect::<Vec<_>>(), "{filter:?}: {:#?}", end.last);
    }
}
