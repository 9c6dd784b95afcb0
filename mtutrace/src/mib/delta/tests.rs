//! Readings of namespaces that come, go, and take over each other's numbers.
use super::*;
use crate::model::DeviceCounters;

const A: NetnsKey = NetnsKey { id: NetnsId(1), generation: 1 };
const NOW: Duration = Duration::from_secs(1);

fn fails(n: u64) -> SnmpCounters {
    let mut counters = SnmpCounters::default();
    *counters.slot("IpFragFails").unwrap() = n;
    counters
}

fn reading(n: u64) -> Reading {
    Reading { counters: fails(n), ..Reading::default() }
}

/// FragFails that moved in `owner`, if any.
fn moved(deltas: &Deltas, owner: NetnsKey) -> Option<u64> {
    deltas.moved().get(&owner).map(|moved| moved.counters.get("IpFragFails"))
}

fn read(deltas: &mut Deltas, owner: NetnsKey, n: u64) -> bool {
    deltas.read(owner, &reading(n), None, NOW)
}

#[test]
fn what_was_counted_before_the_run_is_none_of_it() {
    let mut deltas = Deltas::new([A.id].into());
    assert!(!read(&mut deltas, A, 100));
    assert_eq!(moved(&deltas, A), None, "nothing moved");
    assert!(read(&mut deltas, A, 103));
    assert!(!read(&mut deltas, A, 103));
    assert!(read(&mut deltas, A, 110));
    assert_eq!(moved(&deltas, A), Some(10));
}

#[test]
fn a_namespace_of_this_run_counts_from_its_birth() {
    let mut deltas = Deltas::default();
    assert!(read(&mut deltas, A, 7));
    assert_eq!(moved(&deltas, A), Some(7));
}

#[test]
fn backwards_means_another_namespace_with_the_same_number() {
    let mut deltas = Deltas::new([A.id].into());
    let next = NetnsKey { id: A.id, generation: 9 };
    read(&mut deltas, A, 100);
    read(&mut deltas, A, 105);
    // Noticed by the model of the node, or not.
    assert!(read(&mut deltas, next, 2));
    assert_eq!((moved(&deltas, A), moved(&deltas, next)), (Some(5), Some(2)));
    assert!(read(&mut deltas, next, 1));
    assert_eq!(moved(&deltas, next), Some(3));
}

#[test]
fn a_namespace_that_was_only_lost_from_sight_goes_on() {
    let mut deltas = Deltas::new([A.id].into());
    read(&mut deltas, A, 100);
    assert!(read(&mut deltas, NetnsKey { id: A.id, generation: 2 }, 104));
    assert_eq!(moved(&deltas, NetnsKey { id: A.id, generation: 2 }), Some(4), "not 104");
}

#[test]
fn the_first_process_of_a_container_may_come_after_what_its_network_counted() {
    let mut deltas = Deltas::default();
    let container = Container::new("build");
    assert!(read(&mut deltas, A, 2));
    assert!(deltas.read(A, &reading(2), Some(&container), NOW), "it has a name now");
    assert!(!deltas.read(A, &reading(2), Some(&container), NOW));
    assert!(!read(&mut deltas, A, 2), "it keeps it");
    assert_eq!(deltas.moved()[&A].container, Some(container));
}

#[test]
fn one_counter_backwards_is_enough() {
    let (mut before, mut after) = (fails(5), fails(6));
    *before.slot("Ip6FragOKs").unwrap() = 1;
    assert_eq!(after.since(&before), None);
    *after.slot("Ip6FragOKs").unwrap() = 1;
    assert_eq!(after.since(&before), Some(fails(1)));
}

#[test]
fn the_container_is_remembered_and_the_long_gone_are_not() {
    let mut deltas = Deltas::default();
    let container = Container::new("build");
    deltas.read(A, &reading(1), Some(&container), NOW);
    read(&mut deltas, A, 1);
    assert_eq!(deltas.moved()[&A].container.as_ref(), Some(&container));
    deltas.forget(NOW + GONE / 2, |_| false);
    assert_eq!((moved(&deltas, A), deltas.last.len()), (Some(1), 0));
    deltas.forget(NOW + GONE, |_| false);
    assert_eq!(moved(&deltas, A), None);
}

#[test]
fn of_namespaces_that_come_and_go_so_many_are_remembered() {
    let mut deltas = Deltas::default();
    let many = MOST_GONE as u32 + 10;
    for n in 0..many {
        let key = NetnsKey { id: NetnsId(n), generation: 1 };
        deltas.read(key, &reading(1), None, NOW + Duration::from_millis(n.into()));
    }
    deltas.forget(NOW + BACK / 2, |id| id.0 < 3);
    assert_eq!((deltas.moved.len(), deltas.last.len()), (MOST_GONE + 3, many as usize));
    assert!(deltas.moved.keys().all(|key| key.id.0 < 3 || key.id.0 >= 10), "the last ones");
    deltas.forget(NOW + BACK * 2, |id| id.0 < 3);
    assert_eq!(deltas.last.len(), 3);
}

/// A reading with one device.
fn with_device(fails: u64, dropped: u64) -> Reading {
    let devices = [(2, Some(DeviceCounters([0, dropped, 0, 0])))].into();
    Reading { devices, ..reading(fails) }
}

#[test]
fn devices_count_like_their_namespace() {
    let mut deltas = Deltas::new([A.id].into());
    let mut dropped = |fails, dropped| {
        let changed = deltas.read(A, &with_device(fails, dropped), None, NOW);
        (changed, deltas.moved().get(&A).map(|moved| moved.devices.get(&2).map_or(0, |device| device.0[1])))
    };
    assert_eq!(dropped(5, 100), (false, None));
    assert_eq!(dropped(5, 103), (true, Some(3)), "of a namespace where nothing else moved");
    assert_eq!(dropped(4, 110), (true, Some(113)), "another namespace, and so another device");
}

#[test]
fn a_namespace_is_forgotten_with_its_last_device_if_nothing_else_moved() {
    let mut deltas = Deltas::default();
    assert!(deltas.read(A, &with_device(0, 1), None, NOW));
    assert!(read(&mut deltas, A, 0));
    assert!(deltas.moved().is_empty());
}
