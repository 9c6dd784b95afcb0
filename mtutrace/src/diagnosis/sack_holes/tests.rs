//! Which holes stay, on the founding incident.
use test_case::test_case;

use super::*;
use crate::diagnosis::attribution::tests::{event, flow};
use crate::testing::node::incident;

const MS: u64 = 1_000_000;
const FULL: u32 = 1398;

fn question() -> SocketId {
    SocketId { netns: NetnsId(3), flow: flow("172.17.0.2:33333", "192.0.2.10:80") }
}

/// The inner container asks, as its end of docker0's port shows it.
fn asks(hole: u32, beyond: u32) -> Event {
    Event { ifindex: 8, ..event(2, question().flow, EventKind::SackHole { hole, beyond }) }
}

fn stalled() -> TcpInfo {
    TcpInfo {
        received: 100,
        segments: 4,
        largest: 536,
        full: FULL,
        options: 12,
        waits: true,
        ..TcpInfo::default()
    }
}

/// Asks, and gives these answers in turn as soon as they are wanted.
fn follow(asks: &Event, mss: Option<u32>, answers: &[Option<TcpInfo>]) -> Option<PersistentHole> {
    let (mut holes, node) = (Holes::default(), incident().0);
    holes.note(asks, mss, &node);
    let (mut now, mut found) = (0, None);
    for answer in answers {
        let next =
            (now / MS..now / MS + 10_000).map(|ms| ms * MS).find(|t| !holes.questions(*t).is_empty())?;
        now = next;
        found = holes.answer(question(), *answer, now);
    }
    found
}

#[test]
fn a_full_segment_that_never_comes_is_a_hole_that_stays() {
    let found = follow(&asks(2 * FULL, 470), None, &[Some(stalled()), Some(stalled())]).unwrap();
    assert_eq!((found.passes, found.full, found.hole), (470 + 52, FULL + 52, 2 * FULL));
    assert!(found.last_ns >= FIRST_NS + STAYS_NS, "{found:?}");
    // What the kernel measured is the better figure, where it measured anything.
    let measured = TcpInfo { largest: 900, ..stalled() };
    let found = follow(&asks(FULL, 470), None, &[Some(measured), Some(measured)]).unwrap();
    assert_eq!(found.passes, 900 + 52);
}

#[test]
fn one_jumbo_segment_is_all_of_the_answer() {
    let jumbo = TcpInfo { full: 8948, ..stalled() };
    let found = follow(&asks(4400, 1), None, &[Some(jumbo), Some(jumbo)]).unwrap();
    assert_eq!((found.full, found.hole), (4400 + 52, 4400));
    let came = TcpInfo { largest: 4400, ..jumbo };
    assert_eq!(follow(&asks(4400, 1), None, &[Some(came), Some(came)]), None, "one as large came before");
    assert_eq!(follow(&asks(1448, 1), None, &[Some(jumbo), Some(jumbo)]), None, "that passes anywhere");
}

#[test_case(asks(FULL - 1, 470), None, stalled(), stalled(); "less than a full segment is missing")]
#[test_case(asks(FULL, FULL), None, stalled(), stalled(); "a full segment came beyond")]
#[test_case(asks(FULL, 470), None, TcpInfo { largest: FULL, ..stalled() }, stalled(); "one came before")]
#[test_case(asks(FULL, 470), None, stalled(), TcpInfo { largest: FULL, ..stalled() }; "one came meanwhile")]
#[test_case(asks(FULL, 470), None, stalled(), TcpInfo { received: 101, ..stalled() }; "it goes on")]
#[test_case(asks(FULL, 470), None, stalled(), TcpInfo { waits: false, ..stalled() }; "it has all that came")]
#[test_case(asks(FULL, 900), Some(912), stalled(), stalled(); "the SYN was clamped on the way")]
fn what_is_no_black_hole(asks: Event, mss: Option<u32>, first: TcpInfo, second: TcpInfo) {
    assert_eq!(follow(&asks, mss, &[Some(first), Some(second)]), None);
}

#[test]
fn a_socket_that_is_gone_says_nothing_and_is_not_asked_again() {
    let (mut holes, node) = (Holes::default(), incident().0);
    holes.note(&asks(FULL, 470), None, &node);
    assert!(holes.questions(FIRST_NS - 1).is_empty(), "most losses are made good by then");
    assert_eq!(holes.questions(FIRST_NS), [question()]);
    assert!(holes.questions(FIRST_NS).is_empty(), "one question at a time");
    assert_eq!(holes.answer(question(), None, FIRST_NS), None);
    holes.note(&asks(FULL, 470), None, &node);
    assert!(holes.questions(FIRST_NS + STAYS_NS).is_empty());
}

#[test]
fn only_containers_of_this_node_are_followed_and_memory_is_bounded() {
    let (mut holes, node) = (Holes::default(), incident().0);
    let kind = EventKind::SackHole { hole: FULL, beyond: 470 };
    holes.note(&event(1, flow("192.0.2.10:80", "10.42.0.108:40000"), kind.clone()), None, &node);
    assert!(holes.0.is_empty(), "the server is elsewhere");
    for port in 1..2000 {
        let flow = flow(&format!("172.17.0.2:{port}"), "192.0.2.10:80");
        holes.note(&Event { ifindex: 8, ..event(2, flow, kind.clone()) }, None, &node);
    }
    assert_eq!(holes.0.len(), HOLES);
    assert_eq!(holes.questions(FIRST_NS).len(), QUESTIONS);
}
