//! Reports with both kinds of counters.
use crate::model::KernelTally;
use std::collections::BTreeSet;
use std::time::Duration;

use super::*;
use crate::diagnosis::attribution::tests::{event, flow};
use crate::mib::delta::{Deltas, Reading};
use crate::mib::parse::snmp;
use crate::model::{EventKind, SignalKind};
use crate::testing::node::{id, incident};
use mtutrace_common::config::DropCause;

const POD: NetnsKey = NetnsKey { id: NetnsId(2), generation: 0 };
const OTHER: NetnsKey = NetnsKey { id: NetnsId(9), generation: 0 };

fn counted(fails: u64) -> Deltas {
    let mut deltas = Deltas::new(BTreeSet::new());
    let mut counters = SnmpCounters::default();
    snmp(&format!("Ip: FragFails\nIp: {fails}"), &mut counters).unwrap();
    let reading = Reading { counters, ..Reading::default() };
    for owner in [POD, OTHER] {
        deltas.read(owner, &reading, Some(&Container::new("pod")), Duration::ZERO);
    }
    deltas
}

fn tally() -> Tally {
    Tally { counters: BTreeMap::from([(SignalKind::Drop, 4)]), ..Tally::default() }
}

#[test]
fn a_tally_gets_its_kernel_counters_and_a_silent_namespace_its_tally() {
    let mut merger = Reconciliation::default();
    let merged = merger.merge(vec![(POD, tally())], counted(12).moved(), |_, _| true, |_, _| false);
    let found: Vec<_> =
        merged.iter().map(|(netns, t)| (netns.0, t.counters.len(), t.kernel.counters.moved())).collect();
    let moved = BTreeMap::from([("IpFragFails", 12)]);
    assert_eq!(found, [(2, 1, moved.clone()), (9, 0, moved)]);
    assert_eq!(merged[1].1.container.as_ref().unwrap().id, "pod");
}

#[test]
fn only_what_somebody_asked_for() {
    let mut merger = Reconciliation::default();
    let wanted = |netns, container: Option<&Container>| netns == POD.id && container.is_some();
    let merged = merger.merge(Vec::new(), counted(1).moved(), wanted, |_, _| false);
    assert_eq!(merged.iter().map(|(netns, _)| *netns).collect::<Vec<_>>(), [POD.id]);
    let merged = merger.merge(vec![(POD, tally())], counted(1).moved(), |_, _| false, |_, _| false);
    assert!(merged[0].1.kernel.counters.is_zero());
}

#[test]
fn changed_until_it_was_told() {
    let mut merger = Reconciliation::default();
    let mut changed = |fails| {
        merger.merge(Vec::new(), counted(fails).moved(), |_, _| true, |_, _| false)[0].1.kernel.changed
    };
    assert_eq!([changed(1), changed(1), changed(2)], [true, false, true]);
}

#[test]
fn told_again_once_its_container_is_known() {
    let (mut merger, mut kernel) = (Reconciliation::default(), counted(1).moved().clone());
    let mut changed = |kernel: &DeltasByNetns| {
        merger.merge(Vec::new(), kernel, |_, _| true, |_, _| false)[0].1.kernel.changed
    };
    kernel.get_mut(&POD).unwrap().container = None;
    let unnamed = [changed(&kernel), changed(&kernel)];
    kernel.get_mut(&POD).unwrap().container = Some(Container::new("pod"));
    assert_eq!((unnamed, changed(&kernel), changed(&kernel)), ([true, false], true, false));
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
    let owner = node.key(NetnsId(2));
    let mut witness = Observed::default();
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
        let mut counters = SnmpCounters::default();
        snmp(&format!("Ip: FragFails\nIp: {fails}"), &mut counters).unwrap();
        KernelTally { counters, seen, ..KernelTally::default() }
    };
    assert_eq!(kernel(12, [10, 0]).unseen().collect::<Vec<_>>(), [("IpFragFails", 12, 10)]);
    assert_eq!(kernel(12, [13, 0]).unseen().count(), 0, "not read yet");
}

/// Each device has dropped its index.
fn devices(owners: &[(NetnsKey, &[u32])]) -> DeltasByNetns {
    let mut deltas = Deltas::default();
    for (owner, indices) in owners {
        let devices = indices.iter().map(|n| (*n, Some(DeviceCounters([0, 0, 0, (*n).into()])))).collect();
        deltas.read(*owner, &Reading { devices, ..Reading::default() }, None, Duration::ZERO);
    }
    deltas.moved().clone()
}

fn with_events_on(devices: &[DeviceId]) -> Tally {
    let counters = BTreeMap::from([(SignalKind::Drop, 1)]);
    Tally { interfaces: devices.iter().map(|device| (*device, counters.clone())).collect(), ..tally() }
}

/// Drops of the devices in each tally.
fn drops(merged: &[(NetnsId, Tally)]) -> Vec<(u32, Vec<(DeviceId, u64)>)> {
    let of = |tally: &Tally| tally.kernel.devices.iter().map(|(device, c)| (*device, c.0[3])).collect();
    merged.iter().map(|(netns, tally)| (netns.0, of(tally))).collect()
}

#[test]
fn a_device_has_its_numbers_where_a_hook_told_of_it() {
    let kernel = devices(&[(POD, &[2, 3]), (OTHER, &[5, 6])]);
    let merge = |silent: bool, devices: &[DeviceId]| {
        let tallies = vec![(POD, with_events_on(devices))];
        drops(&Reconciliation::default().merge(
            tallies,
            &kernel,
            |_, _| true,
            |device, _| silent && device.ifindex != 6,
        ))
    };
    // One of its own, one of another namespace, one that dropped nothing.
    let covered = [id(2, 2), id(9, 6), id(9, 7)];
    let seen = (2, vec![(id(2, 2), 2), (id(9, 6), 6)]);
    assert_eq!(merge(false, &covered), [seen]);
    assert_eq!(merge(false, &[]), [(2, vec![])]);
    // Nothing sees drops: others have theirs too, in their own namespaces and only once.
    let more = (2, vec![(id(2, 2), 2), (id(2, 3), 3), (id(9, 6), 6)]);
    assert_eq!(merge(true, &covered), [more, (9, vec![(id(9, 5), 5)])]);
}

#[test]
fn a_namespace_has_not_the_devices_of_the_next_with_its_number() {
    let next = NetnsKey { id: POD.id, generation: 9 };
    let kernel = devices(&[(POD, &[2]), (next, &[2, 3])]);
    let tallies = vec![(POD, with_events_on(&[id(2, 3)])), (OTHER, with_events_on(&[id(2, 3)]))];
    let merged = Reconciliation::default().merge(tallies, &kernel, |_, _| true, |_, _| false);
    assert_eq!(drops(&merged), [(2, vec![]), (9, vec![(id(2, 3), 3)])]);
}

#[test]
fn a_device_that_moves_is_a_change() {
    let mut merger = Reconciliation::default();
    let changed = |kernel: &DeltasByNetns| {
        let tallies = vec![(POD, with_events_on(&[id(9, 5)]))];
        merger.merge(tallies, kernel, |_, _| true, |_, _| false)[0].1.kernel.changed
    };
    let (none, moved) = (devices(&[]), devices(&[(OTHER, &[5])]));
    assert_eq!([&none, &moved, &moved, &none].map(changed), [false, true, false, true]);
}
