//! What scripts read.
use mtutrace_common::Signal;
use mtutrace_common::config::DropCause;
use serde_json::Value;

use super::*;
use crate::diagnosis::attribution::tests::{event, flow};
use crate::kernel::counters::Records;
use crate::mib::parse::{self, snmp};
use crate::model::{AttributedEvent, EventKind};
use crate::model::{KernelTally, SnmpCounters};
use crate::output::only::{Kind, Only};
use crate::output::{KernelNames, Losses};
use crate::telemetry::clock::Clock;
use crate::testing::node::{id, incident};

fn lines(item: &Item<'_>) -> Vec<Value> {
    let mut out = Vec::new();
    let names = KernelNames { reasons: BTreeMap::from([(93, "PKT_TOO_BIG".to_owned())]), symbols: None };
    let context = Context { clock: &Clock::new(), node: &incident().0, kernel_names: &names };
    Json::new(&mut out, Only::default()).show(item, &context).unwrap();
    String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn drop_event() -> AttributedEvent {
    let kind = EventKind::Drop {
        cause: DropCause::Forward,
        reason: 93,
        location: 1,
        mtu: Some(1450),
        egress: Some(3),
        device_mtu: Some(1500),
        icmp_too_big: false,
    };
    let mut event = event(1, flow("192.0.2.10:80", "10.42.0.108:40000"), kind);
    event.hook = mtutrace_common::HookId::KfreeSkb;
    let mut container = Container::new("build");
    container.name = Some("a\x1b[31m\u{202e}\"\n".to_owned());
    AttributedEvent { event, owner: Some(NetnsId(3)), container: Some(container) }
}

#[test]
fn only_what_somebody_asked_for() {
    let mut out = Vec::new();
    let (names, status) = (KernelNames::default(), TraceStatus::default());
    let context = Context { clock: &Clock::new(), node: &incident().0, kernel_names: &names };
    let mut json = Json::new(&mut out, Only::new(vec![Kind::Status, Kind::Verdict]));
    let tallies = [(NetnsId(3), Tally { changed: true, ..Tally::default() })];
    json.show(&Item::Event(&drop_event()), &context).unwrap();
    json.show(&Item::Report(&tallies), &context).unwrap();
    json.show(&Item::End(&[], &tallies, &status, &Totals { limited: 5, ..Totals::default() }), &context)
        .unwrap();
    let lines: Vec<Value> =
        String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0]["kind"] == "status" && lines[0]["rate_limited_lines"] == 5, "{lines:?}");
}

#[test]
fn an_event_says_what_the_contract_says() {
    let line = lines(&Item::Event(&drop_event())).remove(0);
    for (field, value) in [
        ("v", Value::from(1)),
        ("kind", "event".into()),
        ("signal", "drop".into()),
        ("cause", "forward_df".into()),
        ("netns", 1.into()),
        ("interface", "ens3".into()),
        ("ifindex", 2.into()),
        ("family", "ipv4".into()),
        ("protocol", "tcp".into()),
        ("src", "192.0.2.10".into()),
        ("sport", 80.into()),
        ("dst", "10.42.0.108".into()),
        ("dport", 40000.into()),
        ("length", 1500.into()),
        ("mtu", 1450.into()),
        ("reason", "PKT_TOO_BIG".into()),
        ("hook", "raw_tp:kfree_skb".into()),
    ] {
        assert_eq!(line[field], value, "{field}");
    }
    let time = line["time"].as_str().unwrap();
    assert!(time.ends_with('Z') && time.split('.').next_back().unwrap().len() == 10, "{time}");
    for unknown in ["location", "gso_segments", "mss"] {
        assert!(line.get(unknown).is_none(), "{unknown}");
    }
}

#[test]
fn a_hostile_name_stays_inside_its_string() {
    let mut out = Vec::new();
    let context =
        Context { clock: &Clock::new(), node: &incident().0, kernel_names: &KernelNames::default() };
    Json::new(&mut out, Only::default()).show(&Item::Event(&drop_event()), &context).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert_eq!(text.lines().count(), 1);
    assert!(!text.contains('\x1b'));
    let line: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(line["container"]["name"], "a\x1b[31m\u{202e}\"\n");
}

#[test]
fn the_length_of_a_quoted_super_packet_is_unknown() {
    let kind = EventKind::IcmpSeen { from: None, to: None, mtu: Some(1450), message_id: 0 };
    let mut charged = AttributedEvent {
        event: event(1, flow("192.0.2.10:80", "10.42.0.108:40000"), kind),
        owner: None,
        container: None,
    };
    assert_eq!(lines(&Item::Event(&charged)).remove(0)["length"], 1500);
    charged.event.length = 7212;
    assert!(lines(&Item::Event(&charged)).remove(0).get("length").is_none());
}

#[test]
fn the_last_line_is_the_status_with_the_totals() {
    let records = Records {
        made: BTreeMap::from([(Signal::Drop, 4), (Signal::Syn, 1)]),
        lost: 2,
        ..Default::default()
    };
    let totals = Totals { events: 3, records, decoded: 3, duration_ms: 1500, ..Totals::default() };
    let tally = Tally { counters: BTreeMap::from([(SignalKind::Drop, 3)]), ..Tally::default() };
    let lines = lines(&Item::End(&[], &[(NetnsId(3), tally)], &TraceStatus::default(), &totals));
    assert_eq!(lines.first().unwrap()["kind"], "report");
    assert_eq!(lines.first().unwrap()["counters"]["drop"], 3);
    let last = lines.last().unwrap();
    assert_eq!((&last["kind"], &last["events"], &last["lost"]), (&"status".into(), &3.into(), &2.into()));
    assert_eq!(last["duration_ms"], 1500);
    assert_eq!(last["records"], serde_json::json!({ "drop": 4, "syn": 1 }));
    assert_eq!(last["decoded"], 3);
    assert!(last.get("missed").is_none(), "this kernel does not tell");
}

#[test]
fn losses_are_told_while_it_runs() {
    let line =
        lines(&Item::Lost(&TraceStatus::default(), Losses { events: 7, lines: 0, limited: 0 })).remove(0);
    assert_eq!((&line["kind"], &line["lost"]), (&"status".into(), &7.into()));
    assert!(line.get("events").is_none(), "it is not the last one");
    assert!(line.get("unwritten_lines").is_none(), "none were");
    let lines = lines(&Item::Lost(&TraceStatus::default(), Losses { events: 7, lines: 9, limited: 0 }));
    assert_eq!(lines.first().unwrap()["unwritten_lines"], 9);
}

/// Raw, as a terminal would get it.
#[test]
fn no_name_acts_on_who_prints_a_line() {
    let mut event = drop_event();
    let name = "a\u{9b}31m\u{202e}\u{2028}\x7f\x1b[2J";
    event.container.as_mut().unwrap().name = Some(name.to_owned());
    let (mut out, names) = (Vec::new(), KernelNames::default());
    let context = Context { clock: &Clock::new(), node: &incident().0, kernel_names: &names };
    Json::new(&mut out, Only::default()).show(&Item::Event(&event), &context).unwrap();
    let line = String::from_utf8(out).unwrap();
    assert!(!line.trim_end().contains(crate::model::harmless::is_dangerous), "{line:?}");
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["container"]["name"], name);
}

#[test]
fn only_what_changed_is_reported_again() {
    let tally = |changed| Tally { changed, ..Tally::default() };
    let lines = lines(&Item::Report(&[(NetnsId(3), tally(false)), (NetnsId(2), tally(true))]));
    assert_eq!(lines.len(), 1);
    assert_eq!(lines.first().unwrap()["netns"], 2);
}

#[test]
fn what_the_kernel_counted_is_in_the_report() {
    let kernel = |fails, changed| {
        let mut counters = SnmpCounters::default();
        snmp(&format!("Ip: FragFails FragOKs\nIp: {fails} 0"), &mut counters).unwrap();
        Tally { kernel: KernelTally { counters, changed, ..KernelTally::default() }, ..Tally::default() }
    };
    let tallies =
        [(NetnsId(2), kernel(12, true)), (NetnsId(3), kernel(1, false)), (NetnsId(4), kernel(0, true))];
    let lines = lines(&Item::Report(&tallies));
    assert_eq!(lines.len(), 2, "only what changed");
    assert_eq!(lines[0]["kernel"], serde_json::json!({ "IpFragFails": 12 }));
    assert_eq!(lines[0]["counters"], serde_json::json!({}));
    assert!(lines[1].get("kernel").is_none());
}

#[test]
fn a_device_has_what_the_kernel_counted_beside_what_was_seen_on_it() {
    let dropped = |text| *parse::dev(text).unwrap().first_key_value().unwrap().1;
    let kernel = dropped("\n|errs drop|errs drop\neth0:0 0 3 4\n");
    let devices = BTreeMap::from([(id(2, 8), kernel), (id(9, 1), kernel)]);
    let seen = BTreeMap::from([(SignalKind::Drop, 4)]);
    let tally = Tally {
        changed: true,
        interfaces: BTreeMap::from([(id(1, 2), seen.clone()), (id(2, 8), seen)]),
        kernel: KernelTally { devices, ..KernelTally::default() },
        ..Tally::default()
    };
    let line = lines(&Item::Report(&[(NetnsId(2), tally)])).remove(0);
    let expected = serde_json::json!([
        { "interface": "ens3", "netns": 1, "ifindex": 2, "counters": { "drop": 4 } },
        { "interface": "veth8", "netns": 2, "ifindex": 8, "counters": { "drop": 4 },
          "kernel": { "tx_errors": 3, "tx_dropped": 4 } },
        { "netns": 9, "ifindex": 1, "counters": {}, "kernel": { "tx_errors": 3, "tx_dropped": 4 } },
    ]);
    assert_eq!(line["interfaces"], expected);
    assert!(line.get("kernel").is_none());
}

#[test]
fn standing_mismatches_are_in_the_next_status_and_in_the_last() {
    let node = incident().0;
    let found = crate::diagnosis::standing::standing(&node);
    let names = KernelNames::default();
    let context = Context { clock: &Clock::new(), node: &node, kernel_names: &names };
    let (mut out, status) = (Vec::new(), TraceStatus { pid_namespace: Some(7), ..TraceStatus::default() });
    let totals = Totals { standing: found.clone(), ..Totals::default() };
    let mut json = Json::new(&mut out, Only::default());
    for item in [
        Item::Standing(&found),
        Item::Status(&status),
        Item::Status(&TraceStatus::default()),
        Item::End(&[], &[], &status, &totals),
    ] {
        json.show(&item, &context).unwrap();
    }
    let lines: Vec<Value> =
        String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [first, second, last] = lines.as_slice() else { panic!("{lines:#?}") };
    assert!(second.get("mismatches").is_none() && second.get("pid_namespace").is_none(), "{second}");
    for line in [first, last] {
        assert_eq!(line["pid_namespace"], 7, "{line}");
        let mismatch = &line["mismatches"][0];
        assert_eq!(
            (&mismatch["culprit"]["interface"], &mismatch["should_be"]),
            (&"docker0".into(), &1450.into())
        );
        assert_eq!(mismatch["affected"][0]["container"]["id"], "build", "{mismatch}");
    }
}
