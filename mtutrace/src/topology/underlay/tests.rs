//! Tunnels over devices, routes and other tunnels.
use test_case::test_case;

use super::*;
use crate::testing::node::{Builder, id, ip, names};
use crate::topology::path;

pub(crate) fn vxlan(remote: Option<IpAddr>) -> Tunnel {
    let (local, link, port, nsid, netns) = (None, None, Some(4789), None, None);
    Tunnel { overhead: 50, remote, local, link, port, cuts: true, external: false, nsid, netns }
}

/// A pod behind a node with a VXLAN that is as wide as what carries it.
fn overlay(change: impl FnOnce(&mut Tunnel)) -> Builder {
    let mut tunnel = vxlan(Some(ip("192.0.2.2")));
    change(&mut tunnel);
    Builder::new()
        .device(1, 2, "eth0", LinkKind::Physical, 1450)
        .address(1, 2, "192.0.2.1/24")
        .gateway(1, 2, "192.0.2.254")
        .device(1, 3, "flannel.1", LinkKind::Vxlan, 1450)
        .edit(1, 3, |link| link.tunnel = Some(tunnel))
        .route(1, 3, "10.42.1.0/24", Some("10.42.1.0"), None)
        .pair((1, 4, "veth4", 1450), (2, 2, "eth0", 1450))
        .address(1, 4, "10.42.0.1/24")
        .address(2, 2, "10.42.0.2/24")
        .gateway(2, 2, "10.42.0.1")
}

#[test]
fn a_path_takes_what_the_underlay_leaves() {
    let node = overlay(|_| {}).0;
    let way = path(&node, NetnsId(2), Some(ip("10.42.1.7")));
    assert_eq!(names(&way), "eth0:1450 veth4:1450 flannel.1:1400");
    let below = underlay(&node, id(1, 3)).unwrap();
    assert_eq!((below.tunnel.mtu, below.device.mtu, below.fits, below.wrong), (1450, 1450, 1400, true));
    assert!(below.cuts);
    // What comes from the pod is looked at from there on, or the tunnel's retransmits would be missed.
    assert_eq!(crate::topology::smallest_limit(&node, id(1, 4)), 1400);
    let fixed = overlay(|_| {}).edit(1, 3, |link| link.mtu = 1400).0;
    assert!(!underlay(&fixed, id(1, 3)).unwrap().wrong);
}

#[test_case(|t| t.remote = None, Some(1400); "the widest way out")]
#[test_case(|t| (t.remote, t.link) = (Some(ip("239.1.1.1")), Some(2)), Some(1400); "a multicast group")]
#[test_case(|t| (t.remote, t.local) = (None, Some(ip("192.0.2.1"))), Some(1400); "its own address")]
#[test_case(|t| t.remote = Some(ip("10.42.1.9")), None; "through itself")]
#[test_case(|t| t.remote = Some(ip("2001:db8::1")), None; "no route")]
#[test_case(|t| t.nsid = Some(3), None; "a namespace that is not known")]
#[test_case(|t| (t.nsid, t.netns) = (Some(3), Some(NetnsId(2))), Some(1400); "another namespace")]
fn what_carries_it(change: fn(&mut Tunnel), fits: Option<u32>) {
    let node = overlay(change).0;
    assert_eq!(underlay(&node, id(1, 3)).map(|below| below.fits), fits);
}

#[test]
fn a_route_s_mtu_and_a_tunnel_in_a_tunnel() {
    let node = overlay(|_| {})
        .route(1, 2, "192.0.2.2/32", None, Some(1300))
        .device(1, 9, "wg0", LinkKind::Wireguard, 1420)
        .edit(1, 9, |link| {
            link.tunnel = Some(Tunnel { overhead: 60, ..vxlan(Some(ip("10.42.1.3"))) });
        })
        .0;
    assert_eq!(underlay(&node, id(1, 3)).unwrap().fits, 1250);
    assert_eq!(underlay(&node, id(1, 9)).unwrap().fits, 1190);
}

#[test]
fn what_routes_limit_and_what_is_down_is_not_wrong() {
    let external = overlay(|t| (t.external, t.remote) = (true, None)).0;
    assert!(!underlay(&external, id(1, 3)).unwrap().wrong);
    assert_eq!(underlay(&overlay(|_| {}).edit(1, 3, |link| link.up = false).0, id(1, 3)), None);
}

#[test]
fn a_port_of_a_bridge_tells_its_senders() {
    let node = overlay(|_| {}).device(1, 8, "br0", LinkKind::Bridge, 1450).port(1, 3, 8).0;
    assert!(!underlay(&node, id(1, 3)).unwrap().cuts);
}

/// An overlay of a swarm: its VXLAN was made on the host and lives in a namespace of its own; two ways lead to the others.
fn swarm(nsid: Option<i32>, netns: Option<NetnsId>) -> Builder {
    let tunnel = Tunnel { nsid, netns, ..vxlan(None) };
    let mut node = Builder::new()
        .device(1, 2, "eth0", LinkKind::Physical, 1500)
        .address(1, 2, "192.0.2.1/24")
        .gateway(1, 2, "192.0.2.254")
        .device(1, 3, "wg0", LinkKind::Other, 1350)
        .address(1, 3, "10.9.0.1/24")
        .device(2, 4, "vxlan0", LinkKind::Vxlan, 1450)
        .edit(2, 4, |link| link.tunnel = Some(tunnel));
    let overlay = node.0.netns.get_mut(&NetnsId(2)).unwrap();
    overlay.mount = Some("/run/docker/netns/1-qa7s8dk3f9".to_owned());
    overlay.remotes.entry(4).or_default().add(ip("10.9.0.2"), 64);
    overlay.remotes.entry(4).or_default().add(ip("192.0.2.9"), 64);
    node
}

#[test_case(swarm(Some(0), Some(NetnsId(1))); "its namespace is known")]
#[test_case(swarm(Some(0), None); "its namespace has no number here")]
fn the_other_ends_say_what_carries_it(node: Builder) {
    let below = underlay(&node.0, id(2, 4)).unwrap();
    assert_eq!((below.device.interface.as_str(), below.device.mtu, below.fits), ("wg0", 1350, 1300));
    assert!(below.wrong);
}

#[test]
fn a_device_that_it_is_bound_to_comes_before_its_other_ends() {
    let node = swarm(Some(0), Some(NetnsId(1))).edit(2, 4, |link| {
        link.tunnel.iter_mut().for_each(|tunnel| tunnel.link = Some(2));
    });
    assert_eq!(underlay(&node.0, id(2, 4)).unwrap().device.interface, "eth0");
}

#[test]
fn a_learnt_path_mtu_towards_another_end_limits_it() {
    let mut node = overlay(|_| {}).edit(1, 2, |link| link.mtu = 1500).0;
    let learnt = |node: &mut Node, destination, mtu| {
        let destination = ip(destination);
        node.netns.get_mut(&NetnsId(1)).unwrap().learnt.push(Learnt { destination, mtu });
    };
    learnt(&mut node, "192.0.2.99", 1200);
    assert_eq!(underlay(&node, id(1, 3)).map(|below| (below.fits, below.learnt)), Some((1450, None)));
    learnt(&mut node, "192.0.2.2", 1400);
    let below = underlay(&node, id(1, 3)).unwrap();
    assert_eq!((below.device.mtu, below.fits, below.wrong), (1400, 1350, true));
    assert_eq!(below.learnt.map(|learnt| learnt.destination), Some(ip("192.0.2.2")));
    let fixes = crate::remediation::tunnel::fixes(&below, &node);
    let commands: Vec<&str> = fixes.iter().map(|fix| fix.command.as_str()).collect();
    let lock = "ip route replace 192.0.2.2/32 dev eth0 mtu lock 1500";
    assert_eq!(commands, ["ip route flush cache", lock]);
    assert_eq!(homes(&node), BTreeMap::from([(NetnsId(1), BTreeSet::from([ip("192.0.2.2")]))]));
}
