//! From events to verdicts, on the founding incident.
use mtutrace_common::config::DropCause;
use test_case::test_case;

use super::handshakes::handshake;
use super::*;
use crate::diagnosis::attribution::tests::{Table, event, flow};
use crate::model::{Container, SignalKind};
use crate::model::{LinkKind, Severity, VerdictKind};
use crate::testing::node::incident;

pub(super) const SERVER: &str = "192.0.2.10:80";
pub(super) const POD: &str = "10.42.0.108:40000";
pub(super) const INNER: &str = "172.17.0.2:33333";
pub(super) const MS: u64 = 1_000_000;

pub(super) fn node() -> Node {
    let mut node = incident().0;
    node.netns.get_mut(&NetnsId(2)).unwrap().pid = Some(200);
    crate::topology::adopt::adopt_parents(&mut node);
    node
}

pub(super) fn table() -> Table {
    Table { netns: 2, outer: flow(POD, SERVER), inner: flow(INNER, SERVER) }
}

pub(super) fn too_big(cause: DropCause) -> EventKind {
    EventKind::Drop {
        cause,
        reason: 93,
        location: 0,
        mtu: Some(1450),
        egress: Some(3),
        device_mtu: Some(1500),
        icmp_too_big: cause == DropCause::IcmpFiltered,
    }
}

impl Engine {
    /// Takes in one event; questions about NAT are answered at once, level by level.
    pub(in crate::diagnosis) fn event_by(
        &mut self,
        event: Event,
        node: &Node,
        table: &Table,
    ) -> Option<AttributedEvent> {
        let now_ns = event.time_ns;
        let mut told: Vec<_> = self.event(event, node).into_iter().collect();
        loop {
            let queries = self.nat_queries();
            if queries.is_empty() {
                return told.pop();
            }
            for query in queries {
                told.extend(self.nat_answer(query, table.inner_flow(query), now_ns, node));
            }
        }
    }
}

/// The node drops a segment of the download at each of these times.
pub(super) fn drops(engine: &mut Engine, node: &Node, times_ms: &[u64], length: impl Fn(usize) -> u32) {
    for (n, time) in times_ms.iter().enumerate() {
        let mut e = event(1, flow(SERVER, POD), too_big(DropCause::Forward));
        (e.time_ns, e.length) = (time * MS, length(n));
        let charged = engine.event_by(e, node, &table()).unwrap();
        assert_eq!(charged.container.unwrap().id, "build");
    }
}

pub(super) fn kinds(verdicts: &[Verdict]) -> Vec<(VerdictKind, bool)> {
    verdicts.iter().map(|v| (v.kind, v.active)).collect()
}

#[test_case(&[0, 200, 600], 700, Some(VerdictKind::PmtuBlackhole); "two timeouts of the sender")]
#[test_case(&[0, 6000], 6001, Some(VerdictKind::PmtuBlackhole); "started late, the sender backs off already")]
#[test_case(&[0, 1, 2, 3], 700, None; "a burst is no repetition")]
#[test_case(&[0, 1, 2, 3], 901, Some(VerdictKind::MtuMismatch); "a burst, and then silence")]
#[test_case(&[0, 200], 800, None; "one timeout may be a late answer")]
fn what_repeats_is_a_black_hole(times_ms: &[u64], now_ms: u64, expected: Option<VerdictKind>) {
    let (mut engine, node) = (Engine::default(), node());
    drops(&mut engine, &node, times_ms, |_| 1500);
    let (_, verdicts) = engine.tick(now_ms * MS, &node);
    assert_eq!(kinds(&verdicts), expected.map(|k| (k, true)).into_iter().collect::<Vec<_>>());
}

#[test]
fn a_sender_that_shrinks_was_told() {
    let (mut engine, node) = (Engine::default(), node());
    drops(&mut engine, &node, &[0, 300, 700, 1500], |n| 1500 - 10 * n as u32);
    let (_, verdicts) = engine.tick(2000 * MS, &node);
    assert_eq!(kinds(&verdicts), [(VerdictKind::MtuMismatch, true)]);
}

#[test]
fn a_verdict_names_everything_and_comes_once() {
    let (mut engine, node) = (Engine::default(), node());
    drops(&mut engine, &node, &[0, 200, 600], |_| 1500);
    let mut filtered = event(1, flow(SERVER, POD), too_big(DropCause::IcmpFiltered));
    filtered.time_ns = 600 * MS;
    engine.event_by(filtered, &node, &table());
    let (_, verdicts) = engine.tick(700 * MS, &node);
    let v = verdicts.first().unwrap();
    assert_eq!(v.severity, Severity::Critical);
    assert_eq!(v.container.as_ref().unwrap().id, "build");
    assert_eq!(v.container.as_ref().unwrap().parents.first().unwrap().id, "pod");
    assert_eq!((v.culprit.as_ref().unwrap().mtu, v.bottleneck.as_ref().unwrap().mtu()), (1500, 1450));
    assert!(v.fix.first().unwrap().command.contains("--mtu=1450"));
    let evidence = v.evidence.join("\n");
    for part in [
        "was seen 3 times in 0.6 s",
        "1500 bytes",
        "dropped 3 packets",
        "a firewall on this node dropped 1 ICMP",
    ] {
        assert!(evidence.contains(part), "{part:?} is not in {evidence}");
    }
    drops(&mut engine, &node, &[1400, 3000], |_| 1500);
    assert!(engine.tick(3100 * MS, &node).1.is_empty());
    let standing = engine.standing(&node);
    assert!(standing.first().unwrap().evidence.join("\n").contains("was seen 5 times in 3.0 s"));
}

#[test]
fn a_firewall_and_a_sender_that_repeats_itself_are_proof_at_once() {
    let (mut engine, node) = (Engine::default(), node());
    drops(&mut engine, &node, &[0], |_| 1500);
    let filtered = event(1, flow(SERVER, POD), too_big(DropCause::IcmpFiltered));
    engine.event_by(filtered, &node, &table());
    assert!(engine.tick(100 * MS, &node).1.is_empty());
    engine.event_by(event(1, flow(SERVER, POD), EventKind::Retransmit), &node, &table());
    assert_eq!(kinds(&engine.tick(200 * MS, &node).1), [(VerdictKind::PmtuBlackhole, true)]);
}

#[test]
fn a_mismatch_gets_worse_but_not_better() {
    let (mut engine, node) = (Engine::default(), node());
    drops(&mut engine, &node, &[0], |_| 1500);
    assert_eq!(kinds(&engine.tick(1000 * MS, &node).1), [(VerdictKind::MtuMismatch, true)]);
    drops(&mut engine, &node, &[1300], |_| 1500);
    assert_eq!(kinds(&engine.tick(1400 * MS, &node).1), [(VerdictKind::PmtuBlackhole, true)]);
    assert!(engine.tick(9000 * MS, &node).1.is_empty());
}

#[test]
fn a_container_that_dies_keeps_its_verdict_but_not_active() {
    let (mut engine, mut node) = (Engine::default(), node());
    drops(&mut engine, &node, &[0, 200, 600], |_| 1500);
    engine.tick(700 * MS, &node);
    node.netns.remove(&NetnsId(3));
    let gone = engine.tick(800 * MS, &node).1;
    assert_eq!(kinds(&gone), [(VerdictKind::PmtuBlackhole, false)]);
    assert_eq!(gone.first().unwrap().container.as_ref().unwrap().id, "build");
    assert_eq!(engine.standing(&node).len(), 1);
}

#[test]
fn a_namespace_with_the_number_of_one_that_is_gone_starts_anew() {
    let (mut engine, mut node) = (Engine::default(), node());
    drops(&mut engine, &node, &[0, 200, 600], |_| 1500);
    assert_eq!(kinds(&engine.tick(700 * MS, &node).1), [(VerdictKind::PmtuBlackhole, true)]);
    let again = node.netns.get_mut(&NetnsId(3)).unwrap();
    (again.generation, again.containers) = (9, vec![Container::new("next")]);
    node.generation = 9;
    let mut e = event(1, flow(SERVER, POD), too_big(DropCause::Forward));
    e.time_ns = 800 * MS;
    assert_eq!(engine.event_by(e, &node, &table()).unwrap().container.unwrap().id, "next");
    assert_eq!(kinds(&engine.tick(900 * MS, &node).1), [(VerdictKind::PmtuBlackhole, false)]);
    let verdicts = engine.tick(1800 * MS, &node).1;
    assert_eq!(kinds(&verdicts), [(VerdictKind::MtuMismatch, true)]);
    assert_eq!(verdicts.first().unwrap().container.as_ref().unwrap().id, "next");
    let counted: Vec<_> = engine.report().iter().map(|(_, t)| t.counters[&SignalKind::Drop]).collect();
    assert_eq!(counted, [3, 1]);
}

#[test]
fn a_container_that_is_named_only_after_the_verdict_makes_it_anew() {
    let (mut engine, mut node) = (Engine::default(), node());
    let containers = std::mem::take(&mut node.netns.get_mut(&NetnsId(3)).unwrap().containers);
    for time_ms in [0, 200, 600] {
        let mut e = event(1, flow(SERVER, POD), too_big(DropCause::Forward));
        e.time_ns = time_ms * MS;
        engine.event_by(e, &node, &table());
    }
    let nameless = engine.tick(700 * MS, &node).1;
    assert_eq!((kinds(&nameless), &nameless[0].container), (vec![(VerdictKind::PmtuBlackhole, true)], &None));
    node.netns.get_mut(&NetnsId(3)).unwrap().containers = containers;
    node.generation += 1;
    let named = engine.tick(800 * MS, &node).1;
    assert_eq!(named.first().unwrap().container.as_ref().unwrap().id, "build");
    assert!(engine.tick(900 * MS, &node).1.is_empty());
}

#[test]
fn a_name_alone_makes_verdicts_and_reports_anew() {
    let (mut engine, mut node) = (Engine::default(), node());
    drops(&mut engine, &node, &[0, 200, 600], |_| 1500);
    assert_eq!(engine.tick(700 * MS, &node).1.len(), 1);
    engine.report();
    node.netns.get_mut(&NetnsId(2)).unwrap().containers.first_mut().unwrap().name = Some("runner".into());
    let inner = node.netns.get_mut(&NetnsId(3)).unwrap().containers.first_mut().unwrap();
    inner.name = Some("web".into());
    inner.parents.first_mut().unwrap().name = Some("runner".into());
    let named = engine.tick(800 * MS, &node).1;
    let container = named.first().unwrap().container.clone().unwrap();
    assert_eq!(
        (container.name.as_deref(), container.parents[0].name.as_deref()),
        (Some("web"), Some("runner"))
    );
    let (_, tally) = engine.report().remove(0);
    assert!(tally.changed && tally.container == Some(container));
    assert!(engine.tick(900 * MS, &node).1.is_empty() && !engine.report().remove(0).1.changed);
}

#[test]
fn a_container_that_dies_before_the_verdict_is_named_in_it() {
    let (mut engine, mut node) = (Engine::default(), node());
    drops(&mut engine, &node, &[0], |_| 1500);
    node.netns.remove(&NetnsId(3));
    node.generation += 1;
    let verdicts = engine.tick(1000 * MS, &node).1;
    assert_eq!(kinds(&verdicts), [(VerdictKind::MtuMismatch, false)]);
    assert_eq!(verdicts.first().unwrap().container.as_ref().unwrap().id, "build");
    assert!(verdicts.first().unwrap().summary.contains("container build"));
}

#[test]
fn equal_numbers_do_not_make_a_dead_connection_harmless() {
    let (mut engine, mut node) = (Engine::default(), node());
    node.netns.get_mut(&NetnsId(3)).unwrap().links.get_mut(&7).unwrap().mtu = 1450;
    node.generation += 1;
    drops(&mut engine, &node, &[0], |_| 1500);
    assert!(engine.tick(100 * MS, &node).1.is_empty(), "the sender may yet be told");
    drops(&mut engine, &node, &[200, 600, 1400], |_| 1500);
    let verdicts = engine.tick(5000 * MS, &node).1;
    assert_eq!(kinds(&verdicts), [(VerdictKind::PmtuBlackhole, true)]);
    let verdict = &verdicts[0];
    assert_eq!((&verdict.culprit, verdict.bottleneck.as_ref().unwrap().mtu()), (&None, 1450));
    // Its device takes no more, so that it is probably from before: closing it helps, else clamping.
    assert!(verdict.summary.contains("these connections are probably older"), "{}", verdict.summary);
    let commands: Vec<_> = verdict.fix.iter().map(|fix| fix.command.as_str()).collect();
    assert!(commands[0].ends_with(" ss -t -K dst 192.0.2.10"), "{commands:?}");
    assert!(commands[1].contains("maxseg size set rt mtu"), "{commands:?}");
    assert_eq!(engine.disagreements(), 0, "its way leads there");
    let verdicts = engine.tick(100_000 * MS, &node).1;
    assert_eq!(verdicts[0].ended, Some(Ended::Quiet));
}

#[test]
fn one_packet_at_many_devices_counts_once() {
    let (mut engine, node) = (Engine::default(), node());
    let seen = |time_ms, netns, src, dst| {
        let kind = EventKind::IcmpSeen { from: None, to: None, mtu: Some(1450), message_id: 5 };
        Event { time_ns: time_ms * MS, ..event(netns, flow(src, dst), kind) }
    };
    assert!(engine.event_by(seen(0, 2, INNER, SERVER), &node, &table()).is_some());
    assert!(engine.event_by(seen(1, 1, POD, SERVER), &node, &table()).is_none());
    assert!(engine.event_by(seen(5000, 1, POD, SERVER), &node, &table()).is_some());
}

#[test]
fn a_syn_that_promises_too_much_is_an_event_unless_somebody_clamps_it() {
    let (mut engine, mut node) = (Engine::default(), node());
    let own_routes = node.netns.get_mut(&NetnsId(3)).unwrap().routes.iter_mut();
    own_routes.for_each(|route| route.advmss = Some(1460));
    let syn = |time_ms, netns, ifindex, src, seq, mss| Event {
        time_ns: time_ms * MS,
        ifindex,
        seq,
        ..event(netns, flow(src, SERVER), EventKind::Syn { mss: Some(mss), ack: false, identity: 0 })
    };
    for e in [syn(0, 2, 8, INNER, 70, 1460), syn(1, 1, 112, POD, 70, 1460)] {
        assert!(engine.event_by(e, &node, &table()).is_none());
    }
    for e in [syn(2, 2, 8, "172.17.0.2:2", 71, 1460), syn(3, 1, 112, "10.42.0.108:2", 71, 1410)] {
        assert!(engine.event_by(e, &node, &table()).is_none());
    }
    assert!(engine.tick(50 * MS, &node).0.is_empty());
    let (events, verdicts) = engine.tick(200 * MS, &node);
    let ports: Vec<u16> = events.iter().map(|e| e.event.flow.src.port()).collect();
    assert_eq!(ports, [33333]);
    assert_eq!(events.first().unwrap().event.length, 1500);
    // The stall is foreseen before a packet has died, and what then happens is worse.
    assert_eq!(kinds(&verdicts), [(VerdictKind::MssExceedsPath, true)]);
    let foreseen = verdicts.first().unwrap();
    let promise = "1 handshake advertised an MSS that allows 1500-byte packets";
    assert_eq!(foreseen.evidence, [promise, "its route sets advmss 1460"]);
    assert!(foreseen.fix.first().unwrap().command.contains("--mtu=1450"));
    drops(&mut engine, &node, &[1500], |_| 1500);
    assert!(engine.tick(1600 * MS, &node).1.is_empty(), "a black hole would not have shown itself yet");
    assert_eq!(kinds(&engine.tick(2500 * MS, &node).1), [(VerdictKind::MtuMismatch, true)]);
}

#[test]
fn a_veths_drop_counts_only_if_its_peer_is_too_small() {
    let (mut engine, mut node) = (Engine::default(), node());
    let drop_at_peer = |length| {
        let mut e = event(1, flow(SERVER, POD), too_big(DropCause::VethPeer));
        (e.ifindex, e.length) = (112, length);
        e
    };
    assert!(engine.event_by(drop_at_peer(1454), &node, &table()).is_none());
    assert!(engine.event_by(drop_at_peer(1455), &node, &table()).is_some());
    node.netns.get_mut(&NetnsId(2)).unwrap().links.get_mut(&2).unwrap().kind = LinkKind::Veth;
    let gso = Event { gso_segments: Some(3), ..drop_at_peer(1500) };
    assert!(engine.event_by(gso, &node, &table()).is_none());
}

#[test]
fn ordinary_retransmits_are_not_ours() {
    let (mut engine, node) = (Engine::default(), node());
    let again = |length| Event { length, ..event(3, flow(INNER, SERVER), EventKind::Retransmit) };
    assert!(engine.event_by(again(1450), &node, &table()).is_none());
    assert!(engine.event_by(again(1500), &node, &table()).is_some());
    // Retransmits alone prove nothing.
    assert!(engine.tick(9000 * MS, &node).1.is_empty());
}

#[test]
fn a_promise_is_no_second_verdict_where_packets_die_silently() {
    let (mut engine, mut node) = (Engine::default(), node());
    node.netns.get_mut(&NetnsId(2)).unwrap().links.get_mut(&8).unwrap().mtu = 1400;
    for e in [
        handshake(0, (2, 8), (INNER, SERVER), 1460, false),
        handshake(1, (1, 112), (POD, SERVER), 1460, false),
    ] {
        assert!(engine.event_by(e, &node, &table()).is_none());
    }
    let foreseen = engine.tick(200 * MS, &node).1;
    assert_eq!(kinds(&foreseen), [(VerdictKind::MssExceedsPath, true)]);
    // The pod sends to the inner container, whose port is what differs, and which had promised too much.
    let died = event(2, flow("172.17.0.1:80", INNER), too_big(DropCause::BridgePort));
    let died = Event { ifindex: 8, time_ns: 300 * MS, length: 1500, ..died };
    assert_eq!(engine.event_by(died, &node, &table()).unwrap().container.unwrap().id, "build");
    let told = engine.tick(400 * MS, &node).1;
    assert_eq!(kinds(&told), [(VerdictKind::SilentL2Drop, true)]);
    assert_eq!(told[0].id, foreseen[0].id, "one verdict that got worse");
    let silent = told.last().unwrap();
    assert_eq!(silent.culprit.as_ref().map(|c| (c.interface.as_str(), c.mtu)), Some(("veth8", 1400)));
    assert!(silent.summary.contains("Set the MTU of veth8 (container pod) to 1500: "), "{}", silent.summary);
    assert_eq!(kinds(&engine.standing(&node)), [(VerdictKind::SilentL2Drop, true)]);
}
