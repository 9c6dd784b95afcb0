//! Routing and limits.
use test_case::test_case;

use super::super::testing::{Builder, incident, ip};
use super::*;
use crate::model::NetnsId;

fn netns(builder: Builder) -> Netns {
    builder.0.netns.into_values().next().unwrap()
}

fn routes() -> Builder {
    Builder::new()
        .device(1, 1, "lo", LinkKind::Loopback, 65536)
        .device(1, 2, "eth0", LinkKind::Physical, 1500)
        .device(1, 3, "eth1", LinkKind::Physical, 1400)
        .device(1, 4, "down", LinkKind::Physical, 1300)
        .edit(1, 4, |link| link.up = false)
        .address(1, 2, "10.0.0.5/24")
        .gateway(1, 2, "10.0.0.1")
        .route(1, 3, "10.0.0.128/25", Some("10.9.0.1"), None)
        .route(1, 4, "10.0.0.192/26", None, None)
        .route(1, 3, "2001:db8::/32", Some("fe80::1"), Some(1280))
        .route(1, 1, "192.0.2.0/24", None, None)
}

#[test_case("10.0.0.9", 2, "10.0.0.9"; "on the link")]
#[test_case("10.0.0.129", 3, "10.9.0.1"; "the longer prefix")]
#[test_case("10.0.0.193", 3, "10.9.0.1"; "not by a device that is down")]
#[test_case("8.8.8.8", 2, "10.0.0.1"; "by default")]
#[test_case("192.0.2.1", 2, "10.0.0.1"; "not by loopback")]
#[test_case("2001:db8:1::1", 3, "fe80::1"; "IPv6")]
fn finds_the_way(to: &str, ifindex: u32, next_hop: &str) {
    let Lookup::Out(out) = lookup(&netns(routes()), Some(ip(to))) else { panic!("no way out") };
    assert_eq!((out.ifindex, out.next_hop), (ifindex, Some(ip(next_hop))));
}

#[test]
fn knows_its_own_and_the_unreachable() {
    let netns = netns(routes());
    assert_eq!(lookup(&netns, Some(ip("10.0.0.5"))), Lookup::Local);
    assert_eq!(lookup(&netns, Some(ip("fd00::1"))), Lookup::Unreachable);
    assert_eq!(lookup(&Netns::default(), None), Lookup::Unreachable);
}

#[test]
fn the_smaller_metric_wins_and_a_default_route_in_halves_wins_over_all() {
    let mut both = netns(routes().gateway(1, 3, "10.9.0.1"));
    both.routes.first_mut().unwrap().metric = 7;
    both.routes.iter_mut().filter(|r| r.prefix == 0 && r.ifindex == 2).for_each(|r| r.metric = 100);
    let via = |netns: &Netns| match lookup(netns, None) {
        Lookup::Out(out) => out.ifindex,
        other => panic!("{other:?}"),
    };
    assert_eq!(via(&both), 3);
    let vpn = netns_with_vpn();
    assert_eq!(via(&vpn), 9);
}

#[test]
fn of_several_next_hops_the_narrowest_counts() {
    let mut spread = netns(routes().gateway(1, 3, "10.9.0.1"));
    let out = |netns: &Netns, to| match lookup(netns, to) {
        Lookup::Out(out) => (out.ifindex, out.several),
        other => panic!("{other:?}"),
    };
    assert_eq!(out(&spread, None), (2, false), "of equal ones the first");
    spread.routes.iter_mut().filter(|r| r.prefix == 0).for_each(|r| r.several = true);
    assert_eq!(out(&spread, None), (3, true));
    assert_eq!(out(&spread, Some(ip("8.8.8.8"))), (3, true));
    assert_eq!(out(&spread, Some(ip("10.0.0.9"))), (2, false));
}

fn netns_with_vpn() -> Netns {
    netns(routes().device(1, 9, "tun0", LinkKind::Tun, 1400).route(1, 9, "0.0.0.0/1", Some("10.8.0.1"), None))
}

#[test]
fn the_default_route_is_ipv4s_if_there_is_one() {
    let six = Builder::new().device(1, 2, "eth0", LinkKind::Physical, 1500);
    let six = six.route(1, 2, "::/0", Some("fe80::1"), Some(1280));
    let Lookup::Out(out) = lookup(&netns(six), None) else { panic!("no way out") };
    assert_eq!((out.next_hop, out.mtu), (Some(ip("fe80::1")), 1280));
    let Lookup::Out(out) = lookup(&netns(routes().route(1, 3, "::/0", None, None)), None) else { panic!() };
    assert_eq!(out.ifindex, 2);
}

#[test]
fn an_address_without_its_route_still_has_its_network() {
    let mut netns = netns(routes());
    netns.routes.clear();
    assert!(matches!(lookup(&netns, Some(ip("10.0.0.9"))), Lookup::Out(out) if out.ifindex == 2));
}

#[test_case("10.0.0.0", 8, "10.255.1.1", true)]
#[test_case("10.0.0.0", 8, "11.0.0.1", false)]
#[test_case("0.0.0.0", 0, "255.1.1.1", true)]
#[test_case("10.0.0.1", 32, "10.0.0.0", false)]
#[test_case("10.0.0.1", 255, "10.0.0.1", true; "a prefix that cannot be")]
#[test_case("::", 0, "ffff::1", true)]
#[test_case("fd00::", 8, "fe00::", false)]
#[test_case("::", 0, "10.0.0.1", false; "never across families")]
fn networks(network: &str, prefix: u8, address: &str, expected: bool) {
    assert_eq!(contains(ip(network), prefix, ip(address)), expected);
}

#[test_case(1, 2, 1450; "the node's uplink could forward to the pods")]
#[test_case(1, 3, 1450; "the node's bridge")]
#[test_case(1, 112, 1450; "its port")]
#[test_case(2, 3, 1450; "docker0 of the pod could forward to the pod's device")]
#[test_case(2, 2, 1450; "the pod's device")]
#[test_case(3, 7, u32::MAX; "a leaf forwards nowhere")]
#[test_case(3, 99, 1500; "an unknown device could go anywhere")]
fn limits_of_the_incident(netns: u32, ifindex: u32, expected: u32) {
    assert_eq!(smallest_limit(&incident().0.netns[&NetnsId(netns)], ifindex), expected);
}

#[test]
fn limits_heed_route_mtus_and_leave_out_what_nothing_is_routed_to() {
    let base = || {
        Builder::new()
            .device(1, 2, "eth0", LinkKind::Physical, 1500)
            .address(1, 2, "10.0.0.5/24")
            .device(1, 3, "br0", LinkKind::Bridge, 1500)
            .address(1, 3, "172.17.0.1/16")
    };
    assert_eq!(smallest_limit(&netns(base().route(1, 3, "10.7.0.0/16", None, Some(1300))), 2), 1300);
    // A port with a link-local address, a device that is down.
    let quiet = base()
        .device(1, 4, "veth4", LinkKind::Veth, 1000)
        .address(1, 4, "fe80::1/64")
        .device(1, 5, "eth5", LinkKind::Physical, 900)
        .address(1, 5, "10.5.0.1/24")
        .edit(1, 5, |link| link.up = false);
    assert_eq!(smallest_limit(&netns(quiet), 2), 1500);
    // Only a bridge: what comes in by its port can be routed nowhere else.
    let alone = Builder::new()
        .device(1, 3, "br0", LinkKind::Bridge, 1500)
        .address(1, 3, "172.17.0.1/16")
        .device(1, 4, "veth4", LinkKind::Veth, 1000)
        .port(1, 4, 3);
    assert_eq!(smallest_limit(&netns(alone), 4), u32::MAX);
}

#[test]
fn an_unspecified_address_is_the_default_route_of_its_family() {
    let way = |builder: Builder, to| match lookup(&netns(builder), Some(ip(to))) {
        Lookup::Out(out) => Some((out.ifindex, out.next_hop)),
        _ => None,
    };
    let both = || routes().route(1, 3, "::/0", None, None);
    assert_eq!(way(both(), "0.0.0.0"), Some((2, Some(ip("10.0.0.1")))));
    assert_eq!(way(both(), "::"), Some((3, None)), "no gateway is no next hop");
    assert_eq!(way(routes(), "::"), None);
}
