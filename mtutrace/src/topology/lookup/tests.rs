//! Routing and limits.
use test_case::test_case;

use super::table::contains;
use super::*;
use crate::model::{Action, LinkKind, NetnsId, Rule};
use crate::testing::node::{Builder, incident, ip, rule};

fn netns(builder: Builder) -> Netns {
    Netns::clone(builder.0.netns.values().next().unwrap())
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

/// Table 100 leads out by eth1, table main by eth0; the kernel's own rules come last.
fn ruled(rules: Vec<Rule>) -> Netns {
    let mut netns = netns(routes().address(1, 3, "10.9.0.5/24").gateway(1, 3, "10.9.0.1"));
    netns.routes.last_mut().unwrap().table = 100;
    netns.rules = rules;
    netns.rules.extend([rule(32766, Action::Table(MAIN)), rule(32767, Action::Table(253))]);
    netns
}

fn device(way: Lookup) -> Option<u32> {
    match way {
        Lookup::Out(out) => Some(out.ifindex),
        _ => None,
    }
}

fn way(rules: Vec<Rule>, to: &str, from: &[&str], came_by: Option<u32>) -> Option<u32> {
    let from: Vec<IpAddr> = from.iter().map(|text| ip(text)).collect();
    device(forward(&ruled(rules), Some(ip(to)), Origin { from: &from, came_by }).0)
}

const HUNDRED: Action = Action::Table(100);

#[test]
fn rules_by_source_destination_and_device() {
    let from = || vec![Rule { from: Some((ip("172.17.0.0"), 16)), ..rule(10, HUNDRED) }];
    assert_eq!(way(from(), "8.8.8.8", &["172.17.0.2"], Some(2)), Some(3));
    assert_eq!(way(from(), "8.8.8.8", &["172.18.0.2"], Some(2)), Some(2));
    assert_eq!(way(from(), "8.8.8.8", &[], Some(2)), Some(2), "no source yet");
    assert_eq!(way(from(), "8.8.8.8", &["1.1.1.1", "172.17.0.2"], Some(2)), Some(3), "perhaps masqueraded");
    assert_eq!(way(from(), "2001:db8::1", &["172.17.0.2"], Some(2)), Some(3), "a family without rules");
    let to = || vec![Rule { to: Some((ip("8.8.8.0"), 24)), ..rule(10, HUNDRED) }];
    assert_eq!(way(to(), "8.8.8.8", &[], None), Some(3));
    assert_eq!(way(to(), "8.8.9.8", &[], None), Some(2));
    assert_eq!(way(to(), "0.0.0.0", &[], None), Some(2), "not the default way");
    let iif = |name: &str| vec![Rule { iif: Some(name.to_owned()), ..rule(10, HUNDRED) }];
    assert_eq!(way(iif("eth0"), "8.8.8.8", &[], Some(2)), Some(3));
    assert_eq!(way(iif("eth0"), "8.8.8.8", &[], Some(3)), Some(2));
    assert_eq!(way(iif("eth0"), "8.8.8.8", &[], None), Some(2));
    assert_eq!(way(iif("lo"), "8.8.8.8", &[], None), Some(3), "of the namespace itself");
}

#[test]
fn rules_by_what_ordinary_packets_do_not_have() {
    let marked = |invert| vec![Rule { extraordinary: true, invert, ..rule(10, HUNDRED) }];
    assert_eq!(way(marked(false), "8.8.8.8", &[], None), Some(2));
    assert_eq!(way(marked(true), "8.8.8.8", &[], None), Some(3), "as wg-quick has it");
    let unknown = |invert| vec![Rule { unknown: true, invert, ..rule(10, HUNDRED) }];
    assert_eq!([false, true].map(|invert| way(unknown(invert), "8.8.8.8", &[], None)), [Some(2); 2]);
}

#[test]
fn what_rules_do() {
    let after = |first: Rule| way(vec![first, rule(20, HUNDRED)], "8.8.8.8", &[], None);
    assert_eq!(after(rule(10, Action::Nop)), Some(3));
    assert_eq!(after(rule(10, Action::Table(7))), Some(3), "a table without routes");
    assert_eq!(after(rule(10, Action::Table(LOCAL))), Some(3));
    assert_eq!(after(rule(10, Action::Goto(30))), Some(2));
    assert_eq!(after(rule(10, Action::Refuse)), None);
    let suppress = |bits| Rule { suppress: Some(bits), ..rule(10, Action::Table(MAIN)) };
    assert_eq!(after(suppress(0)), Some(3), "no default route of main");
    let near = |bits| way(vec![suppress(bits), rule(20, HUNDRED)], "10.0.0.9", &[], None);
    assert_eq!((near(0), near(24)), (Some(2), Some(3)));
    let own = vec![rule(10, Action::Refuse)];
    assert_eq!(forward(&ruled(own), Some(ip("10.0.0.5")), Origin::default()).0, Lookup::Local);
}

#[test]
fn the_source_is_chosen_before_rules_look_at_it() {
    let by = |source: &str| vec![Rule { from: Some((ip(source), 32)), ..rule(10, HUNDRED) }];
    let default = |netns: &Netns| {
        let (way, source) = originate(netns, None);
        (device(way), source)
    };
    // eth0's address is taken for the default way, and then leads out by eth1.
    assert_eq!(default(&ruled(by("10.0.0.5"))), (Some(3), Some(ip("10.0.0.5"))));
    assert_eq!(default(&ruled(by("10.9.0.5"))), (Some(2), Some(ip("10.0.0.5"))));
    let mut told = ruled(by("10.9.0.5"));
    told.routes.iter_mut().filter(|r| r.table == MAIN).for_each(|r| r.source = Some(ip("10.9.0.5")));
    assert_eq!(default(&told), (Some(3), Some(ip("10.9.0.5"))));
    // Without a way of its own, what has an address finds one.
    let mut bound = ruled(by("10.9.0.5"));
    bound.routes.retain(|r| r.table != MAIN || r.prefix > 0);
    assert_eq!(default(&bound), (Some(3), Some(ip("10.9.0.5"))));
}

#[test]
fn a_route_says_what_to_announce() {
    let mut netns = netns(routes());
    netns.routes.iter_mut().for_each(|r| r.advmss = Some(1300));
    let advmss = |to: &str| match lookup(&netns, Some(ip(to))) {
        Lookup::Out(out) => out.advmss,
        _ => None,
    };
    assert_eq!((advmss("0.0.0.0"), advmss("8.8.8.8")), (Some(1300), Some(1300)));
}
