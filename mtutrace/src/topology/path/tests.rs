//! Paths through nodes of every common make.
use test_case::test_case;

use super::super::lookup::MAIN;
use super::*;
use crate::model::{Action, Rule};
use crate::testing::node::{Builder, HOST, id, incident, ip, names, rule};

fn out(builder: &Builder, from: u32, to: Option<&str>) -> String {
    names(&path(&builder.0, NetnsId(from), to.map(ip)))
}

#[test]
fn the_incident_has_its_bottleneck_at_the_pods_device() {
    let node = incident();
    assert_eq!(
        out(&node, 3, None),
        "eth0:1500 veth8:1500 docker0:1500 eth0:1450 veth112:1450 cni0:1450 ens3:1500"
    );
    let hops = path(&node.0, NetnsId(3), Some(ip("151.101.2.132")));
    assert_eq!(names(&hops), out(&node, 3, None));
    let (place, hop) = bottleneck(&hops).unwrap();
    assert_eq!((place, hop.id()), (3, id(2, 2)));
    assert_eq!(bottleneck(&[]), None);
}

#[test_case(1, "172.17.0.2", "ens3:1500"; "an inner address means nothing to the node")]
#[test_case(1, "10.42.0.108", "cni0:1450 veth112:1450 eth0:1450"; "from the node into the pod")]
#[test_case(2, "172.17.0.2", "docker0:1500 veth8:1500 eth0:1500"; "from the pod into the container")]
#[test_case(3, "172.17.0.2", ""; "its own address")]
#[test_case(3, "172.17.0.1", "eth0:1500 veth8:1500 docker0:1500"; "its gateway")]
#[test_case(3, "10.42.0.1", "eth0:1500 veth8:1500 docker0:1500 eth0:1450 veth112:1450 cni0:1450"; "the node")]
#[test_case(3, "2001:db8::1", ""; "no route for IPv6")]
#[test_case(9, "172.17.0.2", ""; "no such namespace")]
fn towards_an_address_of_the_incident(from: u32, to: &str, expected: &str) {
    assert_eq!(out(&incident(), from, Some(to)), expected);
}

fn two_on_a_bridge() -> Builder {
    Builder::new()
        .device(1, 2, "eth0", LinkKind::Physical, 1400)
        .gateway(1, 2, "192.168.1.1")
        .device(1, 3, "docker0", LinkKind::Bridge, 1500)
        .address(1, 3, "172.17.0.1/16")
        .pair((1, 4, "veth4", 1500), (2, 2, "eth0", 1500))
        .port(1, 4, 3)
        .address(2, 2, "172.17.0.2/16")
        .gateway(2, 2, "172.17.0.1")
        .pair((1, 5, "veth5", 1300), (3, 2, "eth0", 1500))
        .port(1, 5, 3)
        .address(3, 2, "172.17.0.3/16")
}

#[test]
fn siblings_meet_on_the_bridge_and_never_see_the_uplink() {
    let node = two_on_a_bridge();
    assert_eq!(out(&node, 2, Some("172.17.0.3")), "eth0:1500 veth4:1500 docker0:1500 veth5:1300 eth0:1500");
    assert_eq!(out(&node, 2, None), "eth0:1500 veth4:1500 docker0:1500 eth0:1400");
    // Nobody has this address, and the bridge has no way to the outside.
    assert_eq!(out(&node, 2, Some("172.17.0.9")), "eth0:1500 veth4:1500 docker0:1500");
}

#[test]
fn a_bridge_with_the_uplink_as_a_port_carries_past_the_host() {
    let node = Builder::new()
        .device(1, 2, "eth0", LinkKind::Physical, 1400)
        .device(1, 3, "br0", LinkKind::Bridge, 1500)
        .port(1, 2, 3)
        .address(1, 3, "192.168.1.5/24")
        .gateway(1, 3, "192.168.1.1")
        .device(1, 6, "tap0", LinkKind::Tun, 1500)
        .port(1, 6, 3)
        .pair((1, 4, "veth4", 1500), (2, 2, "eth0", 1500))
        .port(1, 4, 3)
        .address(2, 2, "192.168.1.6/24")
        .gateway(2, 2, "192.168.1.1");
    assert_eq!(out(&node, 2, None), "eth0:1500 veth4:1500 br0:1500 eth0:1400");
    assert_eq!(out(&node, 1, None), "br0:1500 eth0:1400");
    let two_uplinks = node.device(1, 7, "eth1", LinkKind::Physical, 1500).port(1, 7, 3);
    assert_eq!(out(&two_uplinks, 1, None), "br0:1500");
    assert_eq!(out(&two_uplinks, 2, None), "eth0:1500 veth4:1500 br0:1500");
}

#[test]
fn veth_alone_is_routed_by_its_peer() {
    let node = Builder::new()
        .device(1, 2, "eth0", LinkKind::Physical, 1500)
        .gateway(1, 2, "192.168.1.1")
        .pair((1, 9, "cali9", 1440), (2, 3, "eth0", 1440))
        .address(2, 3, "10.244.0.7/32")
        .route(2, 3, "169.254.1.1/32", None, None)
        .gateway(2, 3, "169.254.1.1")
        .route(1, 9, "10.244.0.7/32", None, None)
        .pair((1, 10, "cali10", 1440), (3, 3, "eth0", 1440))
        .address(3, 3, "10.244.0.8/32")
        .route(1, 10, "10.244.0.8/32", None, None);
    assert_eq!(out(&node, 2, None), "eth0:1440 cali9:1440 eth0:1500");
    assert_eq!(out(&node, 2, Some("10.244.0.8")), "eth0:1440 cali9:1440 cali10:1440 eth0:1440");
    // The same with a bridge that answers for everybody (proxy ARP): nobody holds the gateway.
    let bridged = node.device(1, 3, "cbr0", LinkKind::Bridge, 1440).port(1, 9, 3);
    assert_eq!(out(&bridged, 2, None), "eth0:1440 cali9:1440 cbr0:1440 eth0:1500");
}

#[test]
fn a_route_may_have_an_mtu_of_its_own() {
    let node = Builder::new()
        .device(1, 2, "eth0", LinkKind::Physical, 9000)
        .route(1, 2, "0.0.0.0/0", Some("10.0.0.1"), Some(1500))
        .route(1, 2, "10.0.0.0/8", None, None)
        .route(1, 2, "10.1.0.0/16", None, Some(65000));
    assert_eq!(out(&node, 1, None), "eth0:1500");
    assert_eq!(out(&node, 1, Some("10.9.9.9")), "eth0:9000");
    assert_eq!(out(&node, 1, Some("10.1.9.9")), "eth0:9000");
}

#[test]
fn tunnels_end_the_path() {
    let node = Builder::new()
        .device(1, 2, "eth0", LinkKind::Physical, 1500)
        .gateway(1, 2, "192.168.1.1")
        .device(1, 3, "flannel.1", LinkKind::Vxlan, 1450)
        .route(1, 3, "10.42.1.0/24", Some("10.42.1.0"), None);
    assert_eq!(out(&node, 1, Some("10.42.1.7")), "flannel.1:1450");
}

#[test]
fn stacked_devices_go_on_below() {
    let node = Builder::new()
        .device(1, 2, "eth0", LinkKind::Physical, 1400)
        .device(2, 2, "eth0", LinkKind::Macvlan, 1500)
        .on(2, 2, id(1, 2))
        .gateway(2, 2, "192.168.1.1")
        .device(1, 3, "br0", LinkKind::Bridge, 1450)
        .port(1, 2, 3)
        .device(3, 2, "eth0.7", LinkKind::Vlan, 1500)
        .on(3, 2, id(1, 3))
        .gateway(3, 2, "192.168.7.1")
        .device(4, 2, "eth0", LinkKind::Ipvlan, 1500)
        .gateway(4, 2, "192.168.1.1");
    assert_eq!(out(&node, 2, None), "eth0:1500 eth0:1400");
    assert_eq!(out(&node, 3, None), "eth0.7:1500 br0:1450 eth0:1400");
    assert_eq!(out(&node, 4, None), "eth0:1500");
}

#[test]
fn missing_peers_and_ports_end_the_path() {
    let node = two_on_a_bridge();
    let cut = Builder(node.0.clone()).edit(2, 2, |link| link.peer = None);
    assert_eq!(out(&cut, 2, None), "eth0:1500");
    let dangling = Builder(node.0.clone()).on(2, 2, id(77, 1));
    assert_eq!(out(&dangling, 2, None), "eth0:1500");
    let masterless = Builder(node.0.clone()).edit(1, 4, |link| link.master = Some(99));
    assert_eq!(out(&masterless, 2, None), "eth0:1500 veth4:1500");
    let vswitch = Builder(node.0).edit(1, 3, |link| link.kind = LinkKind::Other);
    assert_eq!(out(&vswitch, 2, None), "eth0:1500 veth4:1500");
}

#[test]
fn loops_end() {
    // Two namespaces that are each other's gateway.
    let routed = Builder::new()
        .pair((1, 2, "a", 1500), (2, 2, "b", 1400))
        .address(1, 2, "10.0.0.1/24")
        .address(2, 2, "10.0.0.2/24")
        .gateway(1, 2, "10.0.0.2")
        .gateway(2, 2, "10.0.0.1");
    assert_eq!(out(&routed, 1, None), "a:1500 b:1400");
    // A device below itself, a bridge that is its own port, a veth that is its own peer.
    for kind in [LinkKind::Vlan, LinkKind::Bridge, LinkKind::Veth] {
        let knot = Builder::new().device(1, 2, "x", kind, 1500).port(1, 2, 2).on(1, 2, id(1, 2));
        let hops = path(&knot.gateway(1, 2, "10.0.0.1").0, NetnsId(1), None);
        assert!((1..=MAX_HOPS).contains(&hops.len()));
    }
}

#[test]
fn three_levels_deep() {
    let mut node = incident();
    node = node
        .device(3, 9, "br-9", LinkKind::Bridge, 1500)
        .address(3, 9, "172.18.0.1/16")
        .pair((3, 10, "veth10", 1500), (4, 2, "eth0", 1500))
        .port(3, 10, 9)
        .address(4, 2, "172.18.0.2/16")
        .gateway(4, 2, "172.18.0.1");
    let hops = path(&node.0, NetnsId(4), None);
    assert_eq!(
        names(&hops),
        "eth0:1500 veth10:1500 br-9:1500 eth0:1500 veth8:1500 docker0:1500 eth0:1450 veth112:1450 cni0:1450 ens3:1500"
    );
    assert_eq!(bottleneck(&hops).unwrap().0, 6);
}

#[test]
fn the_gateway_may_be_another_container_on_the_bridge() {
    // A VPN container: the bridge is passed on the way to it, and again on the way out.
    let node = two_on_a_bridge()
        .gateway(3, 2, "172.17.0.1")
        .device(3, 5, "wg0", LinkKind::Wireguard, 1420)
        .route(3, 5, "0.0.0.0/1", None, None);
    let mut node = node.0;
    node.netns.get_mut(&NetnsId(2)).unwrap().routes.last_mut().unwrap().gateway = Some(ip("172.17.0.3"));
    assert_eq!(
        names(&path(&node, NetnsId(2), None)),
        "eth0:1500 veth4:1500 docker0:1500 veth5:1300 eth0:1500 wg0:1420"
    );
}

#[test]
fn rules_see_where_a_packet_came_from() {
    let plain = |priority, table| rule(priority, Action::Table(table));
    let way = |rule: Rule| {
        let narrow = incident().device(1, 9, "tun0", LinkKind::Tun, 1400).gateway(1, 9, "10.8.0.1");
        let mut node = narrow.0;
        let host = node.netns.get_mut(&NetnsId(1)).unwrap();
        host.routes.last_mut().unwrap().table = 100;
        host.rules = vec![rule, plain(9, MAIN)];
        names(&path(&node, NetnsId(3), None)).rsplit(' ').next().unwrap().to_owned()
    };
    let from = |text| Rule { from: Some((ip(text), 32)), ..plain(1, 100) };
    assert_eq!(way(from("172.17.0.2")), "tun0:1400");
    assert_eq!(way(from("10.42.0.108")), "tun0:1400", "the pod masquerades, perhaps");
    assert_eq!(way(from("172.17.0.3")), "ens3:1500");
    let iif = |name: &str| Rule { iif: Some(name.to_owned()), ..plain(1, 100) };
    assert_eq!(way(iif("cni0")), "tun0:1400", "not the port, but its bridge");
    assert_eq!(way(iif("veth112")), "ens3:1500");
    assert_eq!(way(iif("lo")), "ens3:1500");
}

#[test]
fn what_comes_in_by_a_vrf_is_routed_by_its_table() {
    // The red network leaves by a narrower uplink; both have the same default route in their own tables.
    let mut node = Builder::new()
        .device(1, 2, "eth0", LinkKind::Physical, 1500)
        .address(1, 2, "192.0.2.1/24")
        .gateway(1, 2, "192.0.2.254")
        .device(1, 9, "red", LinkKind::Other, 65575)
        .device(1, 3, "eth1", LinkKind::Physical, 1400)
        .port(1, 3, 9)
        .address(1, 3, "198.51.100.1/24")
        .gateway(1, 3, "198.51.100.254")
        .device(1, 4, "br0", LinkKind::Bridge, 1500)
        .port(1, 4, 9)
        .address(1, 4, "10.0.0.1/24")
        .pair((1, 5, "veth5", 1500), (2, 7, "eth0", 1500))
        .port(1, 5, 4)
        .address(2, 7, "10.0.0.2/24")
        .gateway(2, 7, "10.0.0.1")
        .0;
    let host = node.netns.get_mut(&HOST).unwrap();
    host.routes.iter_mut().filter(|route| route.ifindex != 2).for_each(|route| route.table = 100);
    let plain = path(&node, NetnsId(2), Some(ip("8.8.8.8")));
    assert_eq!(names(&plain), "eth0:1500 veth5:1500 br0:1500 eth0:1500", "not a VRF");
    let host = node.netns.get_mut(&HOST).unwrap();
    host.vrfs.insert(9, 100);
    host.rules = vec![
        Rule { l3mdev: true, ..rule(1000, Action::Table(0)) },
        rule(32766, Action::Table(crate::topology::lookup::MAIN)),
    ];
    let red = path(&node, NetnsId(2), Some(ip("8.8.8.8")));
    assert_eq!(names(&red), "eth0:1500 veth5:1500 br0:1500 eth1:1400");
    assert_eq!(names(&path(&node, HOST, None)), "eth0:1500", "the node's own packets are of no VRF");
}
