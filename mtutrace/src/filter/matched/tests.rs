use super::*;
use crate::diagnosis::attribution::tests::{event as event_of, flow};
use crate::model::EventKind;
use crate::testing::node::{id, incident};

fn charged(owner: u32) -> AttributedEvent {
    let node = incident().0;
    let event = event_of(2, flow("192.0.2.10:80", "10.42.0.108:40000"), EventKind::Retransmit);
    AttributedEvent { event, owner: Some(NetnsId(owner)), container: node.container(NetnsId(owner)).cloned() }
}

fn hosts(nets: &[&str]) -> Filter {
    Filter { hosts: nets.iter().map(|net| net.parse().unwrap()).collect(), ..Filter::default() }
}

fn expression(text: &str) -> Filter {
    Filter { expression: Some(crate::filter::expression::parse(text).unwrap()), ..Filter::default() }
}

#[test]
fn an_event_by_either_end_and_by_the_address_that_nat_hides() {
    let node = incident().0;
    let own = node.netns[&NetnsId(3)].addresses.iter().find(|a| !a.ip.is_loopback()).unwrap().ip;
    let passes = |filter: &Filter| event(filter, &charged(3), &node);
    assert!(passes(&Filter::default()));
    assert!(passes(&hosts(&["192.0.2.0/24"])) && passes(&hosts(&["10.42.0.108/32"])));
    assert!(passes(&hosts(&["198.51.100.0/24", "10.42.0.0/16"])), "one of several");
    assert!(passes(&hosts(&[&format!("{own}/32")])), "{own}");
    assert!(!passes(&hosts(&["198.51.100.0/24"])) && !passes(&hosts(&["127.0.0.0/8"])));
    assert!(passes(&expression("tcp port 80")) && !passes(&expression("udp")));
    assert!(!passes(&Filter { hosts: hosts(&["198.51.100.0/24"]).hosts, ..expression("tcp") }), "both");
}

#[test]
fn counters_are_those_of_events_that_passed() {
    let node = incident().0;
    let mut matched = MatchedFlows::default();
    matched.note(&charged(3), &node);
    let owner = |n| node.key(NetnsId(n));
    let tally = || Tally { counters: [(SignalKind::Retransmit, 9)].into(), ..Tally::default() };
    let mut all = vec![(owner(2), tally()), (owner(3), tally())];
    matched.tallies(&mut all);
    assert_eq!(all.len(), 1);
    assert_eq!(all[0].1.counters[&SignalKind::Retransmit], 1);
    assert_eq!(all[0].1.interfaces.keys().copied().collect::<Vec<_>>(), [id(2, charged(3).event.ifindex)]);
}
