//! A split tunnel, a second NIC, and what is no way out.
use super::*;
use crate::model::{Action, Rule};
use crate::testing::node::{Builder, HOST, id, ip, names, rule};
use crate::topology::mismatch;
use test_case::test_case;

const C: NetnsId = NetnsId(2);

/// Docker on a host with one NIC; a tunnel that is narrower and has no route yet.
fn host() -> Builder {
    Builder::new()
        .device(1, 2, "eth0", LinkKind::Physical, 1500)
        .address(1, 2, "192.0.2.10/24")
        .gateway(1, 2, "192.0.2.1")
        .device(1, 3, "docker0", LinkKind::Bridge, 1500)
        .address(1, 3, "172.17.0.1/16")
        .pair((1, 8, "veth8", 1500), (2, 7, "eth0", 1500))
        .port(1, 8, 3)
        .address(2, 7, "172.17.0.2/16")
        .gateway(2, 7, "172.17.0.1")
        .container(2, "web")
        .device(1, 9, "tun0", LinkKind::Tun, 1300)
        .address(1, 9, "10.8.0.6/24")
}

fn exits(node: &Node) -> Vec<Exit> {
    let default = path(node, C, None);
    Exits::default().of(node, C, &[&default])
}

#[test]
fn a_route_to_a_vpn_is_a_way_of_its_own() {
    let node = host().route(1, 9, "10.50.0.0/16", Some("10.8.0.1"), None).0;
    let found = exits(&node);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(names(&found[0].hops), "eth0:1500 veth8:1500 docker0:1500 tun0:1300");
    assert_eq!(found[0].networks, [(ip("10.8.0.6"), 24), (ip("10.50.0.0"), 16)]);
    let m = mismatch(&node, C, Some(found[0].to)).unwrap();
    assert_eq!((m.culprit.interface.as_str(), m.bottleneck.interface.as_str()), ("docker0", "tun0"));
}

#[test]
fn a_rule_by_destination_is_one_too() {
    let mut node = host().route(1, 9, "0.0.0.0/0", None, None).0;
    let host = node.netns.get_mut(&HOST).unwrap();
    host.routes.retain(|route| route.ifindex != 9 || route.prefix == 0);
    host.routes.last_mut().unwrap().table = 100;
    host.rules = vec![
        Rule { to: Some((ip("10.50.0.0"), 16)), ..rule(10, Action::Table(100)) },
        rule(32766, Action::Table(254)),
    ];
    let found = exits(&node);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].networks, [(ip("10.50.0.0"), 16)]);
    assert_eq!(found[0].hops.last().unwrap().interface, "tun0");
}

#[test]
fn what_leads_to_other_containers_is_none() {
    let node = host()
        .edit(1, 9, |link| link.up = false)
        .device(1, 20, "br-0123456789ab", LinkKind::Bridge, 1400)
        .address(1, 20, "172.18.0.1/16")
        .pair((1, 30, "cali1", 1400), (3, 3, "eth0", 1400))
        .address(3, 3, "10.1.0.1/32")
        .route(1, 30, "10.1.0.1/32", None, None)
        .0;
    assert!(exits(&node).is_empty());
}

#[test_case(None, true; "out of what is known")]
#[test_case(Some(id(3, 3)), false; "a container")]
fn a_second_nic_that_is_a_veth(peer: Option<DeviceId>, expected: bool) {
    let node = host()
        .edit(1, 9, |link| link.up = false)
        .device(3, 3, "eth0", LinkKind::Veth, 1400)
        .device(1, 5, "eth1", LinkKind::Veth, 1400)
        .edit(1, 5, |link| link.peer = peer)
        .address(1, 5, "198.51.100.2/24")
        .route(1, 5, "10.60.0.0/16", Some("198.51.100.1"), None)
        .0;
    let found = exits(&node);
    assert_eq!(found.len(), usize::from(expected), "{found:?}");
    let m = found.first().and_then(|exit| mismatch(&node, C, Some(exit.to)));
    assert_eq!(m.map(|m| m.bottleneck.interface), expected.then(|| "eth1".to_owned()));
}

#[test]
fn ways_of_the_same_devices_are_one() {
    let mut node = host();
    for n in 0..100 {
        node = node.route(1, 9, &format!("10.50.{n}.0/24"), Some("10.8.0.1"), None);
    }
    let found = exits(&node.0);
    assert_eq!((found.len(), found[0].networks.len(), found[0].more), (1, 16, 85));
}

#[test_case("10.0.0.0", 8, "10.255.255.254", "10.0.0.1")]
#[test_case("10.0.0.9", 32, "10.0.0.9", "10.0.0.9")]
#[test_case("10.0.0.8", 31, "10.0.0.8", "10.0.0.8")]
#[test_case("255.255.255.0", 24, "255.255.255.254", "255.255.255.1")]
#[test_case("10.0.0.0", 200, "10.0.0.0", "10.0.0.0"; "a prefix that cannot be")]
#[test_case("fd00::", 127, "fd00::", "fd00::")]
#[test_case("fd00::", 64, "fd00::ffff:ffff:ffff:fffe", "fd00::1")]
fn addresses_in_a_network(network: &str, bits: u8, last: &str, first: &str) {
    assert_eq!(inside((ip(network), bits)), [ip(last), ip(first)]);
}
