//! ExternalIncidents in which no number is wrong, on the founding incident.
use super::incident::QUIET_NS;
use super::*;
use crate::diagnosis::attribution::tests::{event, flow};
use crate::diagnosis::attribution::{End, Ends};
use crate::model::Ended;
use crate::model::Severity;
use crate::testing::node::incident;

const SEC: u64 = 1_000_000_000;
const INNER: NetnsId = NetnsId(3);

/// The incident with the fix, so that no number is wrong.
fn node() -> Node {
    let mut node = incident().0;
    node.netns.get_mut(&INNER).unwrap().links.get_mut(&7).unwrap().mtu = 1450;
    node
}

fn question() -> SocketId {
    SocketId { netns: INNER, flow: flow("172.17.0.2:33333", "192.0.2.10:80") }
}

/// A hole is asked for, and the kernel says twice that it stays; at this time the second time.
fn stall(cases: &mut ExternalIncidents, node: &Node, at_ns: u64) {
    let kind = EventKind::SackHole { hole: 1398, beyond: 470 };
    let asks = Event { ifindex: 8, time_ns: at_ns - 4 * SEC, ..event(2, question().flow, kind) };
    cases.asked(&asks, None, node);
    let reading = TcpInfo {
        received: 1,
        segments: 3,
        largest: 536,
        full: 1398,
        options: 12,
        waits: true,
        ..TcpInfo::default()
    };
    for time in [at_ns - 3 * SEC, at_ns] {
        assert_eq!(cases.questions(time), [question()]);
        cases.answer(question(), Some(reading), time, node);
    }
}

fn kinds(verdicts: &[Verdict]) -> Vec<(VerdictKind, bool)> {
    verdicts.iter().map(|v| (v.kind, v.active)).collect()
}

#[test]
fn a_hole_that_stays_is_critical_and_a_smaller_mtu_ends_it() {
    let (mut cases, mut node) = (ExternalIncidents::default(), node());
    stall(&mut cases, &node, 10 * SEC);
    let verdicts = cases.tick(10 * SEC, &node, |_| false);
    assert_eq!(kinds(&verdicts), [(VerdictKind::RemoteBlackholeSuspected, true)]);
    let v = verdicts.first().unwrap();
    assert_eq!((v.severity, v.culprit.is_none(), v.bottleneck.is_none()), (Severity::Critical, true, true));
    assert_eq!(v.container.as_ref().unwrap().id, "build");
    assert!(
        v.summary.contains("packets of 1450 bytes from 192.0.2.10 do not arrive, those of 522 do"),
        "{}",
        v.summary
    );
    assert!(v.fix.first().unwrap().command.contains("maxseg size set 1240"), "{:?}", v.fix);
    assert!(cases.tick(11 * SEC, &node, |_| false).is_empty());
    assert_eq!(cases.standing(&node, |_| false).len(), 1);
    node.netns.get_mut(&INNER).unwrap().links.get_mut(&7).unwrap().mtu = 1280;
    let ended = cases.tick(12 * SEC, &node, |_| false);
    assert_eq!(ended.first().map(|v| (v.active, v.ended)), Some((false, Some(Ended::Fixed))));
    assert!(cases.tick(13 * SEC, &node, |_| false).is_empty());
}

#[test]
fn a_wrong_number_on_this_node_wins() {
    let (mut cases, wrong) = (ExternalIncidents::default(), incident().0);
    stall(&mut cases, &wrong, 10 * SEC);
    assert!(cases.tick(10 * SEC, &wrong, |_| false).is_empty());
    let (mut cases, node) = (ExternalIncidents::default(), node());
    stall(&mut cases, &node, 10 * SEC);
    assert!(cases.tick(10 * SEC, &node, |_| true).is_empty());
    assert!(cases.standing(&node, |_| true).is_empty());
}

#[test]
fn what_is_not_seen_for_a_while_is_over_and_may_come_back() {
    let (mut cases, node) = (ExternalIncidents::default(), node());
    stall(&mut cases, &node, 10 * SEC);
    assert_eq!(cases.tick(10 * SEC, &node, |_| false).len(), 1);
    let later = 10 * SEC + QUIET_NS + 1;
    let ended = cases.tick(later, &node, |_| false);
    assert_eq!(ended.first().map(|v| v.ended), Some(Some(Ended::Quiet)));
    assert!(cases.questions(later).is_empty(), "the connection is forgotten");
    stall(&mut cases, &node, later + 100 * SEC);
    let again = cases.tick(later + 100 * SEC, &node, |_| false);
    assert_eq!(kinds(&again), [(VerdictKind::RemoteBlackholeSuspected, true)]);
}

fn dropped(id: u16, cause: DropCause) -> Event {
    let kind = attribution::tests::dropped(cause);
    Event { ip_id: id, ..event(1, flow("192.0.2.10:0", "172.17.0.2:0"), kind) }
}

fn ends() -> Ends {
    Ends { src: None, dst: Some(End { netns: INNER, remote: "192.0.2.10".parse().unwrap() }) }
}

#[test]
fn fragments_of_one_datagram_are_one_loss() {
    let (mut cases, node) = (ExternalIncidents::default(), node());
    for id in [7, 7, 7, 8] {
        cases.note(&dropped(id, DropCause::FragmentFiltered), &ends(), None, &node);
    }
    assert!(cases.tick(SEC, &node, |_| false).is_empty());
    cases.note(&dropped(9, DropCause::FragmentFiltered), &ends(), None, &node);
    let verdicts = cases.tick(SEC, &node, |_| false);
    assert_eq!(kinds(&verdicts), [(VerdictKind::FragmentsLost, true)]);
    let v = verdicts.first().unwrap();
    assert_eq!((v.severity, v.container.as_ref().unwrap().id.as_str()), (Severity::Warning, "build"));
    assert!(v.fix.first().unwrap().command.contains("mtu_defrag"), "{:?}", v.fix);
    // Whose own number is wrong may be at the other end.
    let explained = |owner| owner == node.key(INNER);
    assert!(cases.standing(&node, explained).is_empty());
}

/// So many datagrams at these intervals, cut by the container itself.
fn cut(count: u64, every_ns: u64) -> Vec<Verdict> {
    let (mut cases, node) = (ExternalIncidents::default(), node());
    let ends = Ends { src: ends().dst, dst: None };
    for n in 0..count {
        let kind = EventKind::Fragmented { mtu: Some(1450) };
        let made =
            Event { time_ns: n * every_ns, length: 60_028, ifindex: 7, ..event(3, question().flow, kind) };
        cases.note(&made, &ends, None, &node);
    }
    cases.tick(count * every_ns, &node, |_| false)
}

#[test]
fn large_datagrams_are_worth_a_word_only_if_they_go_on() {
    assert!(cut(1000, 1_000_000).is_empty());
    assert!(cut(10, 10 * SEC).is_empty());
    let verdicts = cut(200, SEC / 10);
    assert_eq!(kinds(&verdicts), [(VerdictKind::Fragmentation, true)]);
    let v = verdicts.first().unwrap();
    assert_eq!((v.severity, v.culprit.is_none()), (Severity::Info, true));
    assert_eq!(v.bottleneck.as_ref().unwrap().mtu(), 1450);
    assert!(v.fix.first().unwrap().command.contains("-s 1422"), "{:?}", v.fix);
}
