//! Owners of addresses, and nesting.
use test_case::test_case;

use super::*;
use crate::testing::node::{HOST, incident, ip, two_pods};

#[test_case(2, "172.17.0.2", Some(3); "inside this pod")]
#[test_case(4, "172.17.0.2", Some(5); "inside the other pod")]
#[test_case(3, "172.17.0.2", Some(3); "itself")]
#[test_case(1, "172.17.0.2", None; "the node cannot tell which pod")]
#[test_case(3, "172.17.0.1", Some(2); "its gateway")]
#[test_case(5, "10.42.0.108", Some(2); "across the node")]
#[test_case(5, "127.0.0.1", Some(5); "loopback")]
#[test_case(5, "::", Some(5); "unspecified")]
#[test_case(1, "8.8.8.8", None; "nobody")]
#[test_case(99, "127.0.0.1", None; "no such namespace")]
fn the_nearest_owner(near: u32, address: &str, expected: Option<u32>) {
    assert_eq!(resolve(&two_pods().0, NetnsId(near), ip(address)), expected.map(NetnsId));
}

#[test]
fn an_address_claimed_by_another_is_whose_device_has_it() {
    let claimed = |ifindex| two_pods().address(4, ifindex, "10.42.0.108/32").0;
    assert_eq!(resolve(&claimed(1), HOST, ip("10.42.0.108")), Some(NetnsId(2)), "on the other pod's lo");
    assert_eq!(resolve(&claimed(3), HOST, ip("10.42.0.108")), Some(NetnsId(2)), "on its docker0");
    assert_eq!(resolve(&claimed(2), HOST, ip("10.42.0.108")), None, "on its eth0: nobody can tell");
}

#[test]
fn an_address_of_a_namespace_that_nothing_leads_to_is_nobodys() {
    let apart = incident().pair((8, 2, "a", 1500), (9, 2, "b", 1500)).address(9, 2, "203.0.113.1/32");
    let node =
        apart.device(10, 2, "c", crate::model::LinkKind::Bridge, 1500).address(10, 2, "203.0.113.2/32").0;
    let from = |near, address| resolve(&node, NetnsId(near), ip(address)).map(|netns| netns.0);
    assert_eq!([1, 8, 9].map(|near| from(near, "203.0.113.1")), [None, Some(9), Some(9)]);
    assert_eq!([1, 8, 10].map(|near| from(near, "203.0.113.2")), [None, None, Some(10)]);
}

#[test]
fn nesting() {
    let ids = |list: &[NetnsId]| list.iter().map(|id| id.0).collect::<Vec<_>>();
    let node = two_pods().0;
    assert_eq!(ids(inside(&node, HOST)), [2, 4, 3, 5]);
    assert_eq!(ids(inside(&node, NetnsId(2))), [3]);
    assert_eq!(ids(inside(&node, NetnsId(3))), [0u32; 0]);
    assert_eq!(ids(inside(&node, NetnsId(99))), [0u32; 0]);
    assert!(is_inside(&node, NetnsId(3), NetnsId(2)) && is_inside(&node, NetnsId(3), HOST));
    assert!(!is_inside(&node, NetnsId(2), NetnsId(3)) && !is_inside(&node, NetnsId(3), NetnsId(3)));
    assert_eq!(only_holder(&node, 112), Some(HOST));
    assert_eq!(only_holder(&node, 2), None, "several have one");
}
