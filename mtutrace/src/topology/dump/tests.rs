//! What the kernel says, taken apart.
use std::collections::BTreeSet;
use std::net::IpAddr;

use test_case::test_case;

use super::address::RTM_NEWADDR;
use super::link::*;
use super::route::*;
use super::*;
use crate::model::LinkKind;
use crate::testing::node::{Sandbox, ip, may_make_namespaces};
use crate::topology::netns_exec::NetnsExecutor;

#[test_case("veth", LinkKind::Veth)]
#[test_case("netkit", LinkKind::Veth)]
#[test_case("bridge", LinkKind::Bridge)]
#[test_case("macvtap", LinkKind::Macvlan)]
#[test_case("ip6gretap", LinkKind::IpTunnel)]
#[test_case("team", LinkKind::Bond)]
#[test_case("dummy", LinkKind::Other)]
#[test_case("", LinkKind::Other)]
fn kinds(name: &str, expected: LinkKind) {
    assert_eq!(link_kind(name), expected);
}

/// An attribute: length, type, value, padding.
pub(super) fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len() + 4).unwrap();
    let mut bytes = [length.to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

fn next_hop(flags: u8, ifindex: u32, attributes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(attributes.len() + 8).unwrap();
    [&length.to_ne_bytes()[..], &[flags, 0], &ifindex.to_ne_bytes(), attributes].concat()
}

#[test]
fn odd_names_and_longer_numbers_hide_no_device() {
    let mut bytes = vec![0; LINK_HEADER];
    bytes[2] = 1; // ARPHRD_ETHER
    bytes[4] = 7;
    bytes.extend(attribute(IFLA_IFNAME, b"a\xffb\0"));
    bytes.extend(attribute(IFLA_MTU, &[1500u64.to_ne_bytes(), [0; 8]].concat()));
    bytes.extend(attribute(200, b"from the future"));
    bytes.extend(attribute(IFLA_LINK, &9u32.to_ne_bytes()));
    bytes.extend(attribute(IFLA_LINK_NETNSID, &(-1i32).to_ne_bytes()));
    let (link, peer) = super::link(RTM_NEWLINK, &bytes).unwrap();
    assert_eq!((link.ifindex, link.name.as_str(), link.kind), (7, "a\u{fffd}b", LinkKind::Physical));
    assert!(link.ethernet && !link.up && (cfg!(target_endian = "big") || link.mtu == 1500));
    assert_eq!(peer, Some(RawPeer { ifindex: 7, link: 9, nsid: Some(-1) }));
}

#[test]
fn cut_messages_are_no_messages() {
    for length in 0..40 {
        let bytes = vec![0xff; length];
        assert_eq!(super::link(RTM_NEWLINK, &bytes), None);
        assert_eq!(address(AddressFamily::Inet, RTM_NEWADDR, &bytes), None);
        assert_eq!(route(AddressFamily::Inet, MAIN, RTM_NEWROUTE, &bytes), None);
        assert_eq!(next_hops(&bytes), []);
    }
    assert_eq!(next_hops(&[0; 8]), []);
}

#[test]
fn living_next_hops_count() {
    let gateway = attribute(RTA_GATEWAY, &[10, 0, 0, 1]);
    // AF_INET6 and its address, for an IPv4 route.
    let via = attribute(RTA_VIA, &[&10u16.to_ne_bytes()[..], &[0xfe, 0x80], &[0; 13], &[1]].concat());
    let bytes = [next_hop(DEAD, 2, &gateway), next_hop(0, 3, &via), next_hop(0, 4, &gateway)].concat();
    assert_eq!(next_hops(&bytes).first(), Some(&(3, Some(ip("fe80::1")))));
    assert_eq!(next_hops(&next_hop(0, 4, &[])), [(4, None)]);
    assert_eq!(next_hops(&next_hop(DEAD, 4, &[])), []);
}

#[test]
fn the_kernels_own_answer() {
    if !may_make_namespaces() {
        return;
    }
    let (sandbox, entrant) = (Sandbox::new(), NetnsExecutor::new().unwrap());
    let read = || {
        entrant
            .run(&sandbox.path(), sandbox.id(), || dump(Exceptions::Wanted, MOST_OF_HOST))
            .unwrap()
            .unwrap()
    };
    // A new namespace has no routing tables yet.
    assert_eq!((read().netns.routes, read().netns.addresses), (Vec::new(), Vec::new()));
    sandbox.ip("link set lo up");
    sandbox.ip("link add d0 mtu 1400 address 02:00:00:00:00:01 type veth peer name d1");
    sandbox.ip("link add br0 type bridge");
    sandbox.ip("link set d0 master br0 up");
    sandbox.ip("link set d1 up");
    sandbox.ip("link set br0 up");
    sandbox.ip("address add 10.1.0.1/24 dev br0");
    sandbox.ip("address add 10.2.0.1 peer 10.2.0.9/24 dev br0");
    sandbox.ip("address add fd00::1/64 dev br0 nodad");
    sandbox.ip("route add default via 10.1.0.254 mtu 1300 advmss 1200 metric 5");
    sandbox.ip("route add 10.9.0.0/16 nexthop via 10.1.0.253 nexthop via 10.1.0.252");
    sandbox.ip("route add 10.8.0.0/16 via inet6 fd00::9");
    sandbox.ip("route add fd01::/64 via fd00::2 mtu 1280");
    sandbox.ip("route add blackhole 10.7.0.0/16");
    sandbox.ip("route add 10.6.0.0/16 via 10.1.0.254 src 10.1.0.1 table 100");
    assert_eq!(read().netns.rules, [], "those that the kernel makes");
    let no_table_of_a_rule = read().netns.routes.iter().all(|r| r.table == MAIN);
    assert!(no_table_of_a_rule);
    sandbox.ip("rule add from 10.1.0.1 lookup 100");
    sandbox.ip("rule add fwmark 7 lookup main");
    sandbox.ip("-6 rule add lookup 100");
    let Dump { netns, peers } = read();
    let rules: Vec<_> = netns.rules.iter().filter(|rule| rule.v4).collect();
    let own = [32766, 32767].map(|priority| (priority, true));
    let priorities = rules.iter().map(|rule| (rule.priority, rule.is_followed()));
    assert!(priorities.eq([(0, true), (32764, false), (32765, true)].into_iter().chain(own)), "{rules:?}");
    assert_eq!((rules[2].from, rules[2].action), (Some((ip("10.1.0.1"), 32)), Action::Table(100)));
    assert!(netns.rules.iter().any(|rule| !rule.v4 && rule.action == Action::Table(100)));
    let hundred = netns.routes.iter().filter(|r| r.table == 100).collect::<Vec<_>>();
    assert_eq!(hundred.len(), 1, "{hundred:?}");
    assert_eq!((hundred[0].destination, hundred[0].source), (ip("10.6.0.0"), Some(ip("10.1.0.1"))));
    let named = |name: &str| netns.links.values().find(|link| link.name == name).unwrap();
    let (d0, br0) = (named("d0"), named("br0"));
    assert_eq!(named("lo").kind, LinkKind::Loopback);
    assert_eq!((d0.mtu, d0.kind, d0.up, d0.master), (1400, LinkKind::Veth, true, Some(br0.ifindex)));
    assert_eq!((d0.ethernet, d0.mac.as_slice()), (true, &[2, 0, 0, 0, 0, 1][..]));
    assert_eq!(br0.kind, LinkKind::Bridge);
    let d1 = named("d1").ifindex;
    let raw = |ifindex, link| RawPeer { ifindex, link, nsid: None };
    assert_eq!(peers.len(), 2);
    assert!(peers.contains(&raw(d0.ifindex, d1)) && peers.contains(&raw(d1, d0.ifindex)));
    let has =
        |address: &str, prefix| netns.addresses.iter().any(|a| a.ip == ip(address) && a.prefix == prefix);
    assert!(has("10.1.0.1", 24) && has("10.2.0.1", 32) && has("fd00::1", 64) && has("127.0.0.1", 8));
    let to = |net: &str| {
        let main = || netns.routes.iter().filter(|r| r.table == MAIN);
        main().find(|r| r.destination == ip(net) && (r.prefix > 0 || net == "0.0.0.0"))
    };
    let spread: Vec<_> = netns.routes.iter().filter(|r| r.several).filter_map(|r| r.gateway).collect();
    assert_eq!(spread, [ip("10.1.0.253"), ip("10.1.0.252")]);
    let gateway = |net: &str| to(net).and_then(|r| r.gateway);
    let default = to("0.0.0.0").unwrap();
    assert_eq!((default.prefix, default.mtu, default.metric), (0, Some(1300), 5));
    assert_eq!(default.advmss, Some(1200));
    assert_eq!((default.gateway, default.ifindex), (Some(ip("10.1.0.254")), br0.ifindex));
    assert_eq!(gateway("10.9.0.0"), Some(ip("10.1.0.253")));
    assert_eq!(gateway("10.8.0.0"), Some(ip("fd00::9")));
    assert_eq!(to("fd01::").unwrap().mtu, Some(1280));
    assert_eq!(to("10.2.0.0").unwrap().prefix, 24);
    assert_eq!((to("10.7.0.0"), to("10.6.0.0"), to("127.0.0.0")), (None, None, None));
}

#[test]
fn dumps_that_take_many_datagrams_are_whole() {
    if !may_make_namespaces() {
        return;
    }
    let (sandbox, entrant) = (Sandbox::new(), NetnsExecutor::new().unwrap());
    sandbox.ip("link add d0 type veth peer name d1");
    sandbox.ip("link set d0 up");
    sandbox.ip("link set d1 up");
    let batch: String =
        (0..5000).map(|n| format!("route add 10.{}.{}.0/24 dev d0\n", n / 250, n % 250)).collect();
    sandbox.batch(&batch);
    let dump = entrant
        .run(&sandbox.path(), sandbox.id(), || dump(Exceptions::Wanted, MOST_OF_HOST))
        .unwrap()
        .unwrap();
    let routes: BTreeSet<IpAddr> =
        dump.netns.routes.iter().filter(|r| r.prefix == 24).map(|r| r.destination).collect();
    assert_eq!(routes.len(), 5000);
}

/// Rules as `ip rule` makes them, and what they say of ordinary packets.
#[test]
fn every_kind_of_rule() {
    if !may_make_namespaces() {
        return;
    }
    let (sandbox, entrant) = (Sandbox::new(), NetnsExecutor::new().unwrap());
    sandbox.ip("link add d0 type veth peer name d1");
    sandbox.ip("link set d0 up");
    sandbox.ip("link set d1 up");
    for (priority, rule) in [
        (10, "not fwmark 0x51820 lookup 51820"),
        (20, "fwmark 0/0x7 lookup 30"),
        (30, "iif d0 to 10.9.0.0/16 goto 70"),
        (40, "oif d0 lookup 31"),
        (50, "ipproto tcp dport 443 lookup 32"),
        (60, "lookup main suppress_prefixlength 0"),
        (70, "prohibit from 10.8.0.0/24"),
        (80, "uidrange 1-2 lookup 33"),
        (90, "tos 0x10 lookup 34"),
    ] {
        sandbox.ip(&format!("rule add {rule} priority {priority}"));
    }
    for table in [30, 31, 51820] {
        sandbox.ip(&format!("route add 10.5.0.0/16 dev d0 table {table}"));
    }
    let netns = entrant
        .run(&sandbox.path(), sandbox.id(), || dump(Exceptions::OfTunnels, MOST_OF_OTHERS))
        .unwrap()
        .unwrap()
        .netns;
    let at = |priority| netns.rules.iter().find(|r| r.priority == priority).unwrap();
    let followed = [10, 20, 30, 40, 50, 60, 70, 80, 90].map(|priority| at(priority).is_followed());
    assert_eq!(followed, [true, true, true, false, false, true, true, false, false]);
    assert!(at(10).invert && at(10).action == Action::Table(51820));
    assert_eq!((at(30).action, at(30).iif.as_deref()), (Action::Goto(70), Some("d0")));
    assert_eq!((at(30).to, at(60).suppress), (Some((ip("10.9.0.0"), 16)), Some(0)));
    assert_eq!((at(70).action, at(70).from), (Action::Refuse, Some((ip("10.8.0.0"), 24))));
    let mut tables: Vec<u32> = netns.routes.iter().map(|r| r.table).collect();
    tables.retain(|table| *table != MAIN);
    assert_eq!(tables, [30, 31, 51820], "of the rules that are followed, and of the one that wants a mark");
}

#[test]
fn tables_have_bounds_and_say_so() {
    if !may_make_namespaces() {
        return;
    }
    let (sandbox, entrant) = (Sandbox::new(), NetnsExecutor::new().unwrap());
    sandbox.ip("link add d0 type veth peer name d1");
    sandbox.ip("link set d0 up");
    sandbox.ip("link set d1 up");
    let many = (0..5000).map(|n| format!("route add 10.{}.{}.0/24 dev d0 table 7\n", n / 250, n % 250));
    let narrow = ["route add 11.0.0.0/8 dev d0 mtu 1300 table 7\n".to_owned()];
    let rules = (0..70).map(|n| format!("rule add lookup {}\n", 1000 + n));
    let first = ["rule add priority 1 lookup 7\n".to_owned()];
    sandbox.batch(&many.chain(narrow).chain(rules).chain(first).collect::<String>());
    let netns = entrant
        .run(&sandbox.path(), sandbox.id(), || dump(Exceptions::OfTunnels, MOST_OF_OTHERS))
        .unwrap()
        .unwrap()
        .netns;
    let seven: Vec<_> = netns.routes.iter().filter(|r| r.table == 7).collect();
    assert_eq!((seven.len(), netns.routes_cut), (MOST_OF_OTHERS, 5001 - MOST_OF_OTHERS));
    assert!(seven.iter().any(|r| r.mtu == Some(1300)));
    // 7 and default are of the 64.
    assert_eq!(netns.rules.iter().filter(|rule| !rule.is_followed()).count(), 71 + 1 - TABLES);
}

#[test]
fn noise_never_panics() {
    let mut state = 1u64;
    for length in (0..200).cycle().take(20_000) {
        let noise = std::iter::repeat_with(|| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            // Small numbers make lengths and types that nearly fit.
            (state >> 56) as u8 & if state & 1 << 40 == 0 { 0x1f } else { 0 }
        });
        let noise: Vec<u8> = noise.take(length).collect();
        let _link = super::link(RTM_NEWLINK, &noise);
        for family in [AddressFamily::Inet, AddressFamily::Inet6] {
            let _address = address(family, RTM_NEWADDR, &noise);
            let _rule = rule::rule(family, 32, &noise);
            let _learnt = learnt::learnt(family, &noise);
            let _route = route(family, MAIN, RTM_NEWROUTE, &noise);
        }
        let _hops = next_hops(&noise);
    }
}

#[test]
fn a_table_that_keeps_changing_is_still_read() {
    if !may_make_namespaces() {
        return;
    }
    let (sandbox, entrant) = (Sandbox::new(), NetnsExecutor::new().unwrap());
    sandbox.ip("link add d0 type veth peer name d1");
    sandbox.ip("link add br0 type bridge");
    let toggles =
        "link set d0 mtu 1400\nlink set d0 master br0\nlink set d0 nomaster\nlink set d0 mtu 1500\n";
    std::thread::scope(|scope| {
        let busy = scope.spawn(|| sandbox.batch(&toggles.repeat(300)));
        let mut dumps = 0;
        while dumps < 20 || !busy.is_finished() {
            let dump = entrant
                .run(&sandbox.path(), sandbox.id(), || dump(Exceptions::Wanted, MOST_OF_HOST))
                .unwrap()
                .unwrap();
            assert!(dump.netns.links.values().any(|link| link.name == "br0"));
            dumps += 1;
        }
    });
}
