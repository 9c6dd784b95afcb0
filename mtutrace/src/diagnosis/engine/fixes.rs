//! What is fixed, what is undone, and what goes on to die meanwhile.
use mtutrace_common::config::DropCause;

use super::handshakes::handshake;
use super::tests::{INNER, MS, POD, SERVER, drops, kinds, node, table, too_big};
use super::*;
use crate::diagnosis::attribution::tests::{Table, event, flow};
use crate::model::{Link, VerdictKind};

#[test]
fn the_fix_ends_it_and_undoing_the_fix_brings_it_back() {
    let (mut engine, mut node) = (Engine::default(), node());
    drops(&mut engine, &node, &[0, 200, 600], |_| 1500);
    assert_eq!(engine.tick(700 * MS, &node).1.len(), 1);
    let set = |node: &mut Node, mtu| {
        let link: &mut Link = node.netns.get_mut(&NetnsId(3)).unwrap().links.get_mut(&7).unwrap();
        link.mtu = mtu;
        node.generation += 1;
    };
    set(&mut node, 1450);
    assert_eq!(kinds(&engine.tick(800 * MS, &node).1), [(VerdictKind::PmtuBlackhole, false)]);
    // The old connection goes on dying: its MSS was agreed on before. That is no news.
    drops(&mut engine, &node, &[3000], |_| 1500);
    assert!(engine.tick(3100 * MS, &node).1.is_empty());
    set(&mut node, 1500);
    assert_eq!(kinds(&engine.tick(3200 * MS, &node).1), [(VerdictKind::PmtuBlackhole, true)]);
}

/// A segment of an upload that dies at the pod's own device.
fn queued(time_ms: u64) -> Event {
    let mut queued = event(2, flow(INNER, SERVER), too_big(DropCause::Forward));
    let EventKind::Drop { egress, .. } = &mut queued.kind else { panic!() };
    (*egress, queued.time_ns, queued.length) = (Some(2), time_ms * MS, 1500);
    queued
}

/// The network, before and after its fix.
fn before_and_after() -> [Node; 2] {
    let before = node();
    let mut after = before.clone();
    after.netns.get_mut(&NetnsId(3)).unwrap().links.get_mut(&7).unwrap().mtu = 1450;
    after.generation += 1;
    [before, after]
}

#[test]
fn a_fix_that_was_told_of_leaves_no_other_explanation_for_old_connections() {
    let (mut engine, [node, fixed]) = (Engine::default(), before_and_after());
    drops(&mut engine, &node, &[0, 200, 600], |_| 1500);
    assert_eq!(kinds(&engine.tick(700 * MS, &node).1), [(VerdictKind::PmtuBlackhole, true)]);
    engine.event_by(queued(750), &fixed, &table());
    assert_eq!(kinds(&engine.tick(800 * MS, &fixed).1), [(VerdictKind::PmtuBlackhole, false)]);
    // Others, that were not seen to die before, up and down.
    for time_ms in [900, 1100, 1500, 2300] {
        engine.event_by(Event { flow: flow("172.17.0.2:2", SERVER), ..queued(time_ms) }, &fixed, &table());
        let down = event(1, flow(SERVER, "10.42.0.108:2"), too_big(DropCause::Forward));
        let table =
            Table { outer: flow("10.42.0.108:2", SERVER), inner: flow("172.17.0.2:2", SERVER), ..table() };
        engine.event_by(Event { time_ns: time_ms * MS, ..down }, &fixed, &table);
    }
    assert!(engine.tick(9000 * MS, &fixed).1.is_empty());
    assert_eq!(engine.incidents.len(), 1);
    // One that began after the fix is not of before, whatever made it so large.
    for e in [
        handshake(9100, (2, 8), ("172.17.0.2:3", SERVER), 1460, false),
        handshake(9101, (1, 112), ("10.42.0.108:3", SERVER), 1460, false),
    ] {
        engine.event_by(e, &fixed, &table());
    }
    for time_ms in [9200, 9400, 9800] {
        engine.event_by(Event { flow: flow("172.17.0.2:3", SERVER), ..queued(time_ms) }, &fixed, &table());
    }
    let told = engine.tick(9900 * MS, &fixed).1;
    assert_eq!(kinds(&told), [(VerdictKind::PmtuBlackhole, true)]);
    assert!(told[0].summary.contains("clamp the MSS there"), "{}", told[0].summary);
}

#[test]
fn a_datagram_that_probed_the_path_explains_no_stall() {
    let (mut engine, [_, fixed]) = (Engine::default(), before_and_after());
    let probe = Flow { protocol: 17, ..flow(SERVER, INNER) };
    let died = Event { length: 1500, ..event(1, probe, too_big(DropCause::Forward)) };
    engine.event_by(died, &fixed, &table());
    assert_eq!(engine.incidents.len(), 1);
    assert!(engine.tick(MS, &fixed).1.is_empty());
    assert!(!engine.incidents.is_active(fixed.key(NetnsId(3))));
}

#[test]
fn a_fix_that_is_undone_before_anybody_judged_leaves_no_other_explanation() {
    let (mut engine, [node, fixed]) = (Engine::default(), before_and_after());
    for time_ms in [0, 200] {
        engine.event_by(queued(time_ms), &fixed, &table());
    }
    drops(&mut engine, &fixed, &[1, 201], |_| 1500);
    assert_eq!(engine.incidents.len(), 2, "the model explains neither");
    let mut node = node;
    node.generation += 2;
    drops(&mut engine, &node, &[600, 1400], |_| 1500);
    engine.tick(3000 * MS, &node);
    let verdicts = engine.standing(&node);
    let culprits: Vec<_> = verdicts.iter().map(|v| v.culprit.as_ref().map(|culprit| culprit.mtu)).collect();
    assert_eq!(culprits, [Some(1500)], "{verdicts:#?}");
}

#[test]
fn what_comes_for_a_container_that_is_gone_hurts_nobody() {
    let (mut engine, mut node) = (Engine::default(), node());
    for e in [
        handshake(0, (2, 8), (INNER, SERVER), 1460, false),
        handshake(1, (1, 112), (POD, SERVER), 1460, false),
    ] {
        engine.event_by(e, &node, &table());
    }
    node.netns.remove(&NetnsId(3));
    node.netns.get_mut(&NetnsId(2)).unwrap().links.remove(&8);
    node.generation += 1;
    for time_ms in [200, 600, 1400] {
        let died = event(1, flow(SERVER, POD), too_big(DropCause::Forward));
        engine.event_by(Event { time_ns: time_ms * MS, length: 1500, ..died }, &node, &table());
    }
    assert!(engine.tick(9000 * MS, &node).1.is_empty());
    assert_eq!(engine.disagreements(), 0);
}

#[test]
fn what_died_before_the_fix_proves_nothing_of_a_datagram_after_it() {
    let (mut engine, [node, fixed]) = (Engine::default(), before_and_after());
    drops(&mut engine, &node, &[0, 200, 600], |_| 1500);
    assert_eq!(kinds(&engine.tick(700 * MS, &node).1), [(VerdictKind::PmtuBlackhole, true)]);
    assert_eq!(kinds(&engine.tick(800 * MS, &fixed).1), [(VerdictKind::PmtuBlackhole, false)]);
    let datagram = Flow { protocol: 17, ..flow(INNER, SERVER) };
    engine.event_by(Event { flow: datagram, ..queued(900) }, &fixed, &table());
    let told = engine.tick(1000 * MS, &fixed).1;
    assert!(told.iter().all(|verdict| verdict.kind != VerdictKind::PmtuBlackhole), "{told:#?}");
}

#[test]
fn a_datagram_that_conntrack_put_together_leaves_as_it_came() {
    let (mut engine, [_, fixed]) = (Engine::default(), before_and_after());
    let too_big = EventKind::Oversized { mtu: Some(1450), egress: Some(2), may_be_cut: false };
    let datagram = Flow { protocol: 17, ..flow(INNER, SERVER) };
    let whole = Event { length: 4048, ifindex: 8, ..event(2, datagram, too_big) };
    engine.event_by(whole.clone(), &fixed, &table());
    assert!(engine.incidents.is_empty(), "its device takes 1500");
    engine.event_by(Event { length: 1500, time_ns: 9, ..whole }, &fixed, &table());
    assert_eq!(engine.incidents.len(), 1, "it came by that device in one piece");
}
