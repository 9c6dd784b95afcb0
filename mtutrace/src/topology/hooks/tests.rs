//! Which devices get programs.
use test_case::test_case;

use super::*;
use crate::testing::node::{Builder, HOST, id, incident};

#[test_case(1, 1, false; "loopback")]
#[test_case(1, 2, true; "uplink")]
#[test_case(1, 3, true; "bridge")]
#[test_case(1, 112, true; "host end of the pod")]
#[test_case(2, 2, true; "the pod is no leaf")]
#[test_case(2, 3, true; "docker0")]
#[test_case(2, 8, true; "host end of the inner container")]
#[test_case(3, 7, false; "a leaf")]
#[test_case(3, 99, false; "no such device")]
fn in_the_incident(netns: u32, ifindex: u32, expected: bool) {
    assert_eq!(wants_hooks(&incident().0, id(netns, ifindex)), expected);
}

#[test]
fn lists_what_is_hooked() {
    let sides = |node: &Node, netns| -> Vec<(u32, bool)> {
        let devices = Plan::of(node).devices.remove(&netns).unwrap_or_default();
        devices.iter().map(|hooked| (hooked.device.ifindex, hooked.egress)).collect()
    };
    // The pod looks itself at what comes in by its device, and the host at what leaves by it.
    assert_eq!(sides(&incident().0, HOST), [(2, true), (3, true), (112, false)]);
    assert_eq!(sides(&incident().0, NetnsId(2)), [(3, true), (2, false), (8, true)]);
    assert_eq!(sides(&incident().0, NetnsId(99)), []);
    let mut told =
        incident().edit(2, 2, |link| link.mac = vec![2; 6]).edit(3, 7, |link| link.mac = vec![4; 6]);
    told.0.follows_fdb = true;
    assert_eq!(sides(&told.0, HOST), [(2, true), (3, true)]);
    assert_eq!(sides(&told.0, NetnsId(2)), [(3, true), (2, false)]);
    assert!(
        sees_egress(&told.0, id(2, 3)) && !sees_egress(&told.0, id(2, 2)) && !sees_egress(&told.0, id(2, 8))
    );
}

#[test]
fn a_leaf_with_an_unknown_other_end_is_hooked_itself() {
    let cut = incident().edit(3, 7, |link| link.peer = None).0;
    assert!(wants_hooks(&cut, id(3, 7)));
    let mut unreadable = incident().0;
    unreadable.netns.remove(&NetnsId(2));
    assert!(wants_hooks(&unreadable, id(3, 7)));
}

#[test_case((2, 5), (3, 4), (true, false); "the smaller namespace")]
#[test_case((1, 5), (3, 4), (true, false); "the host")]
#[test_case((3, 5), (1, 4), (false, true); "the host, whichever comes first")]
fn two_leaves_share_one_end(a: (u32, u32), b: (u32, u32), expected: (bool, bool)) {
    let node = Builder::new().pair((a.0, a.1, "a", 1500), (b.0, b.1, "b", 1500)).0;
    assert_eq!((wants_hooks(&node, id(a.0, a.1)), wants_hooks(&node, id(b.0, b.1))), expected);
}

#[test]
fn the_host_ends_the_pair_even_with_a_greater_number() {
    let mut node = Builder::new().pair((8, 2, "a", 1500), (9, 2, "b", 1500)).0;
    node.host = NetnsId(9);
    assert_eq!((wants_hooks(&node, id(8, 2)), wants_hooks(&node, id(9, 2))), (false, true));
}

#[test]
fn stacked_devices_of_leaves_are_seen_below() {
    let node = Builder::new()
        .device(1, 2, "eth0", LinkKind::Physical, 1500)
        .device(2, 2, "mac", LinkKind::Macvlan, 1500)
        .on(2, 2, id(1, 2))
        .device(1, 3, "here", LinkKind::Macvlan, 1500)
        .on(1, 3, id(1, 2))
        .0;
    assert!(!wants_hooks(&node, id(2, 2)));
    assert!(wants_hooks(&node, id(1, 2)));
    assert!(wants_hooks(&node, id(1, 3)));
}

#[test]
fn idle_and_bundled_devices_get_none() {
    let node = incident()
        // Modules put these into every namespace: the leaf stays one.
        .device(3, 2, "tunl0", LinkKind::IpTunnel, 1480)
        .edit(3, 2, |link| link.up = false)
        .device(1, 20, "kube-ipvs0", LinkKind::Other, 1500)
        .device(1, 21, "br-ex", LinkKind::Other, 1500)
        .route(1, 21, "10.9.0.0/16", Some("10.8.0.1"), None)
        .device(1, 22, "bond0", LinkKind::Bond, 1500)
        .device(1, 23, "ens4", LinkKind::Physical, 1500)
        .port(1, 23, 22)
        .0;
    let wanted = |netns, ifindex| wants_hooks(&node, id(netns, ifindex));
    assert!(!wanted(3, 2) && !wanted(3, 7));
    assert!(!wanted(1, 20) && wanted(1, 21));
    assert!(wanted(1, 22) && !wanted(1, 23));
}

#[test]
fn limit_by_device() {
    assert_eq!(smallest_limit(&incident().0, id(2, 3)), 1450);
    assert_eq!(smallest_limit(&incident().0, id(99, 3)), u32::MAX);
}
