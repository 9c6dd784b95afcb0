//! Reports with both kinds of counters.
use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::charge::tests::{event, flow};
use crate::mib::delta::Deltas;
use crate::mib::parse::snmp;
use crate::model::{EventKind, SignalKind};
use crate::topology::testing::incident;
use mtutrace_common::config::DropCause;

const POD: Owner = (NetnsId(2), 0);
const OTHER: Owner = (NetnsId(9), 0);

fn counted(fails: u64) -> Deltas {
    let mut deltas = Deltas::new(BTreeSet::new());
    let mut counters = Counters::default();
    snmp(&format!("Ip: FragFails\nIp: {fails}"), &mut counters).unwrap();
    for owner in [POD, OTHER] {
        deltas.read(owner, counters, Some(&Container::new("pod")), Duration::ZERO);
    }
    deltas
}

fn tally() -> Tally {
    Tally { counters: BTreeMap::from([(SignalKind::Drop, 4)]), ..Tally::default() }
}

#[test]
fn a_tally_gets_its_kernel_counters_and_a_silent_namespace_its_tally() {
    let mut merger = Merger::default();
    let merged = merger.merge(vec![(POD, tally())], counted(12).moved(), |_, _| true);
    let found: Vec<_> =
        merged.iter().map(|(netns, t)| (netns.0, t.counters.len(), t.kernel.counters.moved())).collect();
    let moved = BTreeMap::from([("IpFragFails", 12)]);
    assert_eq!(found, [(2, 1, moved.clone()), (9, 0, moved)]);
    assert_eq!(merged[1].1.container.as_ref().unwrap().id, "pod");
}

#[test]
fn only_what_somebody_asked_for() {
    let mut merger = Merger::default();
    let wanted = |netns, container: Option<&Container>| netns == POD.0 && container.is_some();
    let merged = merger.merge(Vec::new(), counted(1).moved(), wanted);
    assert_eq!(merged.iter().map(|(netns, _)| *netns).collect::<Vec<_>>(), [POD.0]);
    let merged = merger.merge(vec![(POD, tally())], counted(1).moved(), |_, _| false);
    assert!(merged[0].1.kernel.counters.is_zero());
}

#[test]
fn changed_until_it_was_told() {
    let mut merger = Merger::default();
    let mut changed =
        |fails| merger.merge(Vec::new(), counted(fails).moved(), |_, _| true)[0].1.kernel.changed;
    assert_eq!([changed(1), changed(1), changed(2)], [true, false, true]);
}

#[test]
fn what_the_hooks_missed_is_named() {
    let node = incident().0;
    let drop = |cause, source| {
        let kind = EventKind::Drop {
            cause,
            reason: 0,
            location: 0,
            mtu: None,
            egress: None,
            device_mtu: None,
            icmp_too_big: false,
        };
        event(2, flow(source, if source.starts_with('[') { "[2001:db8::2]:1" } else { "192.0.2.1:1" }), kind)
    };
    let owner = (NetnsId(2), node.since(NetnsId(2)).unwrap_or_default());
    let mut witness = Witness::default();
    for (cause, source) in [
        (DropCause::Forward, "172.17.0.2:1"),
        (DropCause::FragFailed, "172.17.0.2:1"),
        (DropCause::Forward, "[2001:db8::1]:1"),
        (DropCause::VethPeer, "172.17.0.2:1"),
        (DropCause::IcmpFiltered, "172.17.0.2:1"),
    ] {
        witness.note(&drop(cause, source), &node);
    }
    assert_eq!(witness.seen(owner), [2, 1], "others are no FragFails");
    let kernel = |fails, seen| {
        let mut counters = Counters::default();
        snmp(&format!("Ip: FragFails\nIp: {fails}"), &mut counters).unwrap();
        KernelTally { counters, seen, changed: false }
    };
    assert_eq!(kernel(12, [10, 0]).unseen().collect::<Vec<_>>(), [("IpFragFails", 12, 10)]);
    assert_eq!(kernel(12, [13, 0]).unseen().count(), 0, "not read yet");
}
