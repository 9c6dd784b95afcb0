//! ExternalIncidents in which no number is wrong, on the founding incident.
use super::*;
use crate::diagnosis::attribution::tests::{event, flow};
use crate::diagnosis::attribution::{End, Ends};
use crate::diagnosis::incident::QUIET_NS;
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
    for time in [at_ns - 3 * SEC, at_ns] {
        assert_eq!(cases.questions(time), [question()]);
        cases.answer(question(), Some(reading()), |_| false, time, node);
    }
}

/// A socket that waits for what does not come.
fn reading() -> TcpInfo {
    let (received, segments) = (1, 3);
    TcpInfo { received, segments, largest: 536, full: 1398, options: 12, waits: true, ..TcpInfo::default() }
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
    // When that is fixed, the same stall is no news.
    assert!(cases.tick(11 * SEC, &node, |_| false).is_empty());
    cases.answer(question(), Some(reading()), |_| false, 15 * SEC, &node);
    assert!(cases.tick(16 * SEC, &node, |_| false).is_empty());
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
    let ended: Vec<_> = cases.standing(&node, explained).into_iter().map(|v| (v.active, v.ended)).collect();
    assert_eq!(ended, [(false, Some(Ended::Replaced))], "its end is told once");
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

/// A router beyond the node says that 1400 bytes fit, about this segment.
fn said(time_ns: u64, seq: u32) -> Event {
    let kind = EventKind::IcmpSeen {
        from: Some("203.0.113.1".parse().unwrap()),
        to: None,
        mtu: Some(1400),
        message_id: (time_ns / SEC) as u32,
    };
    let sent = flow("172.17.0.2:33333", "192.0.2.10:443");
    Event { ifindex: 2, time_ns, seq, length: 1450, ..event(1, sent, kind) }
}

fn sender() -> Ends {
    Ends { src: Some(End { netns: INNER, remote: "192.0.2.10".parse().unwrap() }), dst: None }
}

#[test]
fn a_limit_that_is_announced_again_and_again_and_never_heard() {
    let (mut cases, node) = (ExternalIncidents::default(), node());
    for second in 1..=3 {
        cases.sight(&said(second * SEC, 7), &node);
        cases.note(&said(second * SEC, 7), &sender(), None, &node);
    }
    let verdicts = cases.tick(4 * SEC, &node, |_| false);
    assert_eq!(kinds(&verdicts), [(VerdictKind::PmtuBlackhole, true)]);
    let v = &verdicts[0];
    let router = serde_json::to_value(&v.bottleneck).unwrap();
    assert_eq!((router["address"].as_str(), router["mtu"].as_u64()), (Some("203.0.113.1"), Some(1400)));
    assert!(v.culprit.is_none() && v.summary.contains("does not pass it on"), "{}", v.summary);
    assert!(v.fix[0].command.contains("maxseg size set 1360"), "{:?}", v.fix);
    // A firewall of the node is seen to drop it: that is the reason, and the first thing to mend.
    let EventKind::Drop { cause, reason, location, egress, device_mtu, .. } =
        crate::diagnosis::attribution::tests::dropped(DropCause::IcmpFiltered)
    else {
        panic!()
    };
    let mtu = Some(1400);
    let kind = EventKind::Drop { cause, reason, location, mtu, egress, device_mtu, icmp_too_big: true };
    cases.note(&Event { kind, ..said(4 * SEC, 7) }, &sender(), None, &node);
    let standing = cases.standing(&node, |_| false);
    assert!(standing[0].summary.contains("a firewall on this node drops"), "{}", standing[0].summary);
    assert_eq!(standing[0].fix[0].command, "icmp type destination-unreachable icmp code frag-needed accept");
}

#[test]
fn limits_that_are_heard_or_known_or_our_own_are_no_verdict() {
    let node = node();
    let told = |events: &[Event], limit| {
        let mut cases = ExternalIncidents::default();
        events.iter().for_each(|event| cases.note(event, &sender(), limit, &node));
        cases.tick(9 * SEC, &node, |_| false).len()
    };
    assert_eq!(told(&[said(SEC, 1), said(2 * SEC, 2), said(3 * SEC, 3)], None), 0, "each segment once");
    let again = [said(SEC, 1), said(2 * SEC, 1), said(3 * SEC, 1)];
    assert_eq!(told(&again, None), 1);
    assert_eq!(told(&again, Some(1400)), 0, "a number of this node says so already");
    assert_eq!(told(&again, Some(1450)), 1, "it fits there, and not beyond");
    let ours = again.map(|event| {
        let EventKind::IcmpSeen { to, mtu, message_id, .. } = event.kind else { panic!() };
        let from = Some("10.42.0.108".parse().unwrap());
        Event { kind: EventKind::IcmpSeen { from, to, mtu, message_id }, ..event }
    });
    assert_eq!(told(&ours, None), 0, "the pod said it");
}

#[test]
fn an_upload_of_which_no_full_size_segment_is_acknowledged() {
    let (mut cases, node) = (ExternalIncidents::default(), node());
    let timeout = Event {
        length: 1450,
        time_ns: SEC,
        ..event(3, question().flow, EventKind::Timeouts { in_a_row: 2 })
    };
    cases.timed_out(&timeout);
    let reading = TcpInfo { acked: 100, delivered: 2, sends: 1398, timeouts: 3, ..TcpInfo::default() };
    for time in [SEC, 3 * SEC] {
        assert_eq!(cases.questions(time), [question()]);
        cases.answer(question(), Some(reading), |_| false, time, &node);
    }
    let verdicts = cases.tick(3 * SEC, &node, |_| false);
    assert_eq!(kinds(&verdicts), [(VerdictKind::RemoteBlackholeSuspected, true)]);
    assert!(verdicts[0].summary.contains("segments of 1450 bytes to 192.0.2.10 are never acknowledged"));
    // A socket of which nothing at all is heard may be anything.
    let (mut cases, dead) = (ExternalIncidents::default(), TcpInfo { acked: 0, ..reading });
    cases.timed_out(&timeout);
    for time in [SEC, 3 * SEC] {
        cases.questions(time);
        cases.answer(question(), Some(dead), |_| false, time, &node);
    }
    assert!(cases.tick(3 * SEC, &node, |_| false).is_empty());
    assert_eq!(cases.take_unknown(), [INNER]);
}

#[test]
fn what_comes_damaged_is_no_black_hole() {
    let (mut cases, node) = (ExternalIncidents::default(), node());
    let kind = crate::diagnosis::attribution::tests::dropped(DropCause::Checksum);
    let damaged = |n| Event { time_ns: n * SEC, ..event(3, question().flow.reversed(), kind.clone()) };
    (6..9).for_each(|n| cases.note(&damaged(n), &Ends::default(), None, &node));
    stall(&mut cases, &node, 10 * SEC);
    let verdicts = cases.tick(10 * SEC, &node, |_| false);
    assert_eq!(kinds(&verdicts), [(VerdictKind::ChecksumErrors, true)]);
    assert_eq!(verdicts[0].severity, Severity::Info);
}
