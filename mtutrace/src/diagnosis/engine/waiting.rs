//! Events whose flow must be asked about.
use super::tests::{INNER, MS, POD, SERVER, node, too_big};
use super::*;
use crate::diagnosis::attribution::tests::{event, flow};
use crate::model::LinkKind;

fn drop_at(time_ms: u64) -> Event {
    Event { time_ns: time_ms * MS, ..event(1, flow(SERVER, POD), too_big(DropCause::Forward)) }
}

fn query(netns: u32, dst: &str) -> NatQuery {
    NatQuery { netns: NetnsId(netns), flow: flow(SERVER, dst) }
}

/// Whose they are, and when they came.
fn whose(events: &[AttributedEvent]) -> Vec<(&str, u64)> {
    let whose = events.iter().map(|e| e.container.as_ref().map_or("", |own| own.id.as_str()));
    whose.zip(events.iter().map(|e| e.event.time_ns / MS)).collect()
}

fn owner(event: Option<AttributedEvent>) -> Option<String> {
    event?.container.map(|container| container.id)
}

#[test]
fn events_of_a_flow_wait_for_its_answer_and_then_need_none() {
    let (mut engine, node) = (Engine::default(), node());
    assert!(engine.event(drop_at(1), &node).is_none());
    assert_eq!(engine.nat_queries(), [query(2, POD)]);
    assert!(engine.event(drop_at(2), &node).is_none());
    assert!(engine.nat_queries().is_empty(), "it was asked");
    // Another flow waits for nothing.
    let other = Event { flow: flow(SERVER, "203.0.113.9:7"), ..drop_at(3) };
    assert!(engine.event(other, &node).is_some());
    let told = engine.nat_answer(query(2, POD), Some(flow(SERVER, INNER)), 4 * MS, &node);
    assert_eq!(whose(&told), [("build", 1), ("build", 2)]);
    assert!(owner(engine.event(drop_at(5), &node)) == Some("build".into()));
    assert_eq!(engine.nat_unanswered(), 0);
}

#[test]
fn each_level_of_nesting_is_a_question() {
    const DEEP: &str = "172.18.0.2:5";
    let mut node = crate::testing::node::incident()
        .device(3, 8, "docker0", LinkKind::Bridge, 1500)
        .address(3, 8, "172.18.0.1/16")
        .pair((3, 9, "veth9", 1500), (4, 7, "eth0", 1500))
        .port(3, 9, 8)
        .address(4, 7, "172.18.0.2/16")
        .gateway(4, 7, "172.18.0.1")
        .container(4, "deep")
        .0;
    crate::topology::adopt::adopt_parents(&mut node);
    let mut engine = Engine::default();
    assert!(engine.event(drop_at(1), &node).is_none());
    assert_eq!(engine.nat_queries(), [query(2, POD)]);
    assert!(engine.nat_answer(query(2, POD), Some(flow(SERVER, INNER)), 2 * MS, &node).is_empty());
    assert_eq!(engine.nat_queries(), [query(3, INNER)]);
    assert!(engine.event(drop_at(3), &node).is_none(), "it does not overtake");
    let told = engine.nat_answer(query(3, INNER), Some(flow(SERVER, DEEP)), 4 * MS, &node);
    assert_eq!(whose(&told), [("deep", 1), ("deep", 3)]);
}

#[test]
fn no_answer_in_time_is_counted_and_what_is_known_must_do() {
    let (mut engine, node) = (Engine::default(), node());
    for time_ms in [100, 105] {
        assert!(engine.event(drop_at(time_ms), &node).is_none());
    }
    assert!(engine.tick(1099 * MS, &node).0.is_empty());
    assert_eq!(whose(&engine.tick(1105 * MS, &node).0), [("pod", 100), ("pod", 105)]);
    assert!(owner(engine.event(drop_at(1106), &node)) == Some("pod".into()), "nobody waits for it again");
    assert_eq!(engine.nat_unanswered(), 3);
    let late = engine.nat_answer(query(2, POD), Some(flow(SERVER, INNER)), 1107 * MS, &node);
    assert!(late.is_empty());
    assert!(owner(engine.event(drop_at(1108), &node)) == Some("build".into()));
    assert_eq!(engine.nat_unanswered(), 3);
}

#[test]
fn a_flood_of_one_flow_does_not_pile_up() {
    let (mut engine, node) = (Engine::default(), node());
    let told = (0..2000).filter_map(|_| engine.event(drop_at(1), &node)).count();
    assert_eq!((told, engine.nat_unanswered()), (2000 - 1024, 2000 - 1024));
    let told = engine.nat_answer(query(2, POD), Some(flow(SERVER, INNER)), 4 * MS, &node);
    assert_eq!(told.len(), 1024);
}

#[test]
fn what_waits_at_the_end_is_in_the_report() {
    let (mut engine, node) = (Engine::default(), node());
    assert!(engine.event(drop_at(1), &node).is_none());
    assert_eq!(whose(&engine.end_waiting(2 * MS, &node)), [("pod", 1)]);
    assert!(engine.end_waiting(2 * MS, &node).is_empty());
}
