//! Handshakes are judged once nothing on this node can change their MSS any more.
use mtutrace_common::HookId;
use test_case::test_case;

use super::tests::{INNER, MS, POD, SERVER, kinds, node, table};
use super::*;
use crate::diagnosis::attribution::tests::{event, flow};
use crate::model::{SignalKind, VerdictKind};
use crate::testing::node::incident;

pub(super) fn handshake(
    time_ms: u64,
    (netns, ifindex): (u32, u32),
    (src, dst): (&str, &str),
    mss: u32,
    ack: bool,
) -> Event {
    Event {
        time_ns: time_ms * MS,
        ifindex,
        seq: if ack { 99 } else { 70 },
        ..event(netns, flow(src, dst), EventKind::Syn { mss: Some(mss), ack, identity: 0 })
    }
}

/// MSS at the last device, and whether it is foreseen at once.
#[test_case(1460, true; "too large to the end")]
#[test_case(1410, false; "clamped on the way")]
fn once_the_server_has_answered_nothing_will_change_the_syn(last_mss: u32, foreseen: bool) {
    let (mut engine, node) = (Engine::default(), node());
    for e in [
        handshake(0, (2, 8), (INNER, SERVER), 1460, false),
        handshake(1, (1, 112), (POD, SERVER), last_mss, false),
    ] {
        assert!(engine.event_by(e, &node, &table()).is_none());
    }
    let answered = engine.event_by(handshake(2, (1, 112), (SERVER, POD), 1460, true), &node, &table());
    assert_eq!(answered.is_some(), foreseen);
    if let Some(charged) = answered {
        assert_eq!(charged.event.kind.signal(), SignalKind::MssExceedsPath);
        assert_eq!(kinds(&engine.foresee(&charged, &node)), [(VerdictKind::MssExceedsPath, true)]);
    }
    let later = handshake(3, (2, 8), (SERVER, INNER), 1460, true);
    assert!(engine.event_by(later, &node, &table()).is_none(), "it is told once");
    let (events, verdicts) = engine.tick(500 * MS, &node);
    assert!(events.is_empty() && verdicts.is_empty());
}

#[test_case(1460, true; "too large to the end")]
#[test_case(1410, false; "clamped on the way")]
fn a_server_s_syn_ack_is_judged_as_it_leaves(last_mss: u32, foreseen: bool) {
    const OUTSIDE: &str = "192.0.2.10:55555";
    const OWN: &str = "172.17.0.2:8080";
    const PORT: &str = "192.168.1.5:8080";
    let (mut engine, node) = (Engine::default(), node());
    for (device, dst) in [((1, 2), PORT), ((2, 2), OWN), ((2, 8), OWN)] {
        let syn = handshake(0, device, (OUTSIDE, dst), 1460, false);
        assert!(engine.event_by(syn, &node, &table()).is_none());
    }
    let inside = handshake(1, (2, 8), (OWN, OUTSIDE), 1460, true);
    assert!(engine.event_by(inside, &node, &table()).is_none(), "it may yet be clamped");
    let leaving = Event { hook: HookId::TcEgress, ..handshake(2, (1, 2), (PORT, OUTSIDE), last_mss, true) };
    let told = engine.event_by(leaving, &node, &table());
    assert_eq!(told.is_some(), foreseen);
    if let Some(charged) = told {
        assert_eq!(charged.container.as_ref().unwrap().id, "build");
        assert_eq!(kinds(&engine.foresee(&charged, &node)), [(VerdictKind::MssExceedsPath, true)]);
    }
    assert!(engine.tick(500 * MS, &node).0.is_empty());
}

#[test]
fn a_syn_ack_that_arrives_at_a_neighbour_is_judged_there() {
    const CLIENT: &str = "172.17.0.2:55555";
    const NEIGHBOUR: &str = "172.17.0.3:80";
    let lab = incident()
        .pair((2, 9, "veth9", 1400), (4, 7, "eth0", 1500))
        .port(2, 9, 3)
        .address(4, 7, "172.17.0.3/16")
        .gateway(4, 7, "172.17.0.1")
        .container(4, "web");
    let (mut engine, node) = (Engine::default(), lab.0);
    assert!(
        engine.event_by(handshake(0, (2, 8), (CLIENT, NEIGHBOUR), 1460, false), &node, &table()).is_none()
    );
    let answer = |time_ms, ifindex, hook| Event {
        hook,
        ..handshake(time_ms, (2, ifindex), (NEIGHBOUR, CLIENT), 1460, true)
    };
    let promised = answer(1, 9, HookId::TcIngress);
    assert!(engine.event_by(promised, &node, &table()).is_none(), "it may yet be clamped");
    let told = engine.event_by(answer(2, 8, HookId::TcEgress), &node, &table()).unwrap();
    assert_eq!(told.container.unwrap().id, "web");
}
