//! Trees of the founding incident and of nodes like it.
use super::*;
use crate::diagnosis::standing::Fault;
use crate::model::{Link, LinkKind};
use crate::testing::node::{Builder, incident, names, neighbour};
use test_case::test_case;

/// "depth:netns" of each entry, with a `!` if it is wrong and brackets if it is there only for others.
fn shape(tree: &Tree<'_>) -> String {
    let one = |e: &Entry<'_>| {
        let wrong = if e.network.faults.is_empty() { "" } else { "!" };
        let text = format!("{}:{}{wrong}", e.depth, e.netns);
        if e.chosen { text } else { format!("({text})") }
    };
    tree.entries.iter().map(one).collect::<Vec<_>>().join(" ")
}

fn entry_of<'t, 'a>(tree: &'t Tree<'a>, netns: u32) -> &'t Entry<'a> {
    tree.entries.iter().find(|entry| entry.netns == NetnsId(netns)).unwrap()
}

fn set(mtu: u32) -> impl Fn(&mut Link) {
    move |link| link.mtu = mtu
}

/// The incident with this MTU on the inner network.
fn inner(mtu: u32) -> Builder {
    incident().edit(3, 7, set(mtu)).edit(2, 8, set(mtu)).edit(2, 3, set(mtu))
}

/// Routes of the other family on the same devices; that of the inner container with this `mtu` attribute.
fn with_ipv6(node: Builder, mtu: Option<u32>) -> Builder {
    node.address(1, 2, "2001:db8:1::5/64")
        .route(1, 2, "::/0", Some("2001:db8:1::1"), None)
        .address(1, 3, "fd42::1/64")
        .address(2, 2, "fd42::108/64")
        .route(2, 2, "::/0", Some("fd42::1"), None)
        .address(2, 3, "fd17::1/64")
        .address(3, 7, "fd17::2/64")
        .route(3, 7, "::/0", Some("fd17::1"), mtu)
}

#[test_case(&incident(), "0:1 1:2 2:3!", 1; "the incident")]
#[test_case(&inner(1450), "0:1 1:2 2:3", 0; "fixed")]
#[test_case(&inner(1400), "0:1 1:2 2:3", 0; "smaller than it need be")]
#[test_case(&incident().edit(3, 7, set(1450)), "0:1 1:2 2:3", 0; "only the container is fixed")]
#[test_case(&neighbour(1500), "0:1 1:2 2:3! 2:4!", 2; "two containers")]
#[test_case(&neighbour(1450), "0:1 1:2 2:3! 2:4", 1; "one of two is right")]
#[test_case(&incident().device(1, 20, "docker0", LinkKind::Bridge, 1500).address(1, 20, "172.17.0.1/16").edit(1, 2, set(1400)),
    "0:1 1:2! 2:3!", 2; "an idle bridge has no say, a small uplink has")]
#[test_case(&inner(1450).device(2, 30, "br-0123456789ab", LinkKind::Bridge, 1500).address(2, 30, "172.18.0.1/16"),
    "0:1 1:2 2:3", 0; "a bridge without ports is not wrong")]
#[test_case(&Builder::new().device(9, 1, "lo", LinkKind::Loopback, 65536), "", 0; "an unknown host")]
fn shapes(node: &Builder, expected: &str, mismatches: usize) {
    let tree = Tree::new(&node.0, &[]);
    assert_eq!((shape(&tree).as_str(), tree.mismatches()), (expected, mismatches));
}

#[test]
fn the_culprit_the_limit_and_the_fix() {
    let node = incident().0;
    let tree = Tree::new(&node, &[]);
    let entry = entry_of(&tree, 3);
    let Fault { path, mismatch: m, fixes } = &entry.network.faults[0];
    assert_eq!((path.family, path.mtu), ("ipv4", 1450));
    assert_eq!(
        names(&path.hops),
        "eth0:1500 veth8:1500 docker0:1500 eth0:1450 veth112:1450 cni0:1450 ens3:1500"
    );
    assert_eq!((m.culprit.interface.as_str(), m.bottleneck.mtu), ("docker0", 1450));
    assert_eq!(fixes[0].command, "dockerd --mtu=1450");
    assert!(entry_of(&tree, 2).network.faults.is_empty());
}

#[test]
fn both_families_only_when_they_differ() {
    let families = |node: &Builder| {
        let tree = Tree::new(&node.0, &[]);
        let paths = entry_of(&tree, 3)
            .network
            .paths
            .iter()
            .map(|path| (path.family, path.mtu, path.mismatch.is_some()));
        paths.collect::<Vec<_>>()
    };
    assert_eq!(families(&with_ipv6(incident(), None)), [("ipv4", 1450, true)]);
    assert_eq!(families(&with_ipv6(inner(1450), None)), [("ipv4", 1450, false)]);
    let smaller = with_ipv6(inner(1450), Some(1280));
    assert_eq!(families(&smaller), [("ipv4", 1450, false), ("ipv6", 1280, false)]);
    // A route of IPv4 keeps it small enough, and IPv6 has none such.
    let route = |mtu| move |n: &mut crate::model::SharedNetns| n.routes.iter_mut().for_each(|r| r.mtu = mtu);
    let mut half = with_ipv6(incident(), None);
    half.0.netns.entry(NetnsId(3)).and_modify(|n| n.routes.retain(|r| r.destination.is_ipv4()));
    half.0.netns.entry(NetnsId(3)).and_modify(route(Some(1450)));
    half = half.route(3, 7, "::/0", Some("fd17::1"), None);
    assert_eq!(families(&half), [("ipv4", 1450, false), ("ipv6", 1450, true)]);
    // IPv6 alone.
    half.0.netns.entry(NetnsId(3)).and_modify(|n| n.routes.retain(|r| r.destination.is_ipv6()));
    assert_eq!(families(&half), [("ipv6", 1450, true)]);
}

#[test]
fn without_a_route_there_is_no_way_and_no_mismatch() {
    let node = incident().device(5, 1, "lo", LinkKind::Loopback, 65536).device(
        6,
        1,
        "lo",
        LinkKind::Loopback,
        65536,
    );
    let node = node.container(5, "lonely").0;
    let tree = Tree::new(&node, &[]);
    assert_eq!(shape(&tree), "0:1 1:2 2:3! 1:5", "a namespace without a container and a path is left out");
    assert!(entry_of(&tree, 5).network.paths.is_empty());
    assert_eq!((tree.containers(), tree.mismatches()), (3, 1));
}

#[test_case("build", "(0:1) (1:2) 2:3!", 1; "what is around it is shown")]
#[test_case("neigh", "(0:1) (1:2) 2:4", 0; "and nothing beside it")]
#[test_case("pod", "(0:1) 1:2 2:3! 2:4", 1; "with what is inside")]
fn chosen(pattern: &str, expected: &str, mismatches: usize) {
    let mut node = neighbour(1450).0;
    crate::topology::adopt::adopt_parents(&mut node);
    let tree = Tree::new(&node, &[pattern.to_owned()]);
    assert_eq!((shape(&tree).as_str(), tree.mismatches()), (expected, mismatches));
    assert!(tree.entries.iter().all(|entry| entry.chosen || entry.network.paths.is_empty()));
}

#[test]
fn one_of_a_pods_containers() {
    let node = incident().container(2, "sidecar").0;
    let tree = Tree::new(&node, &["side".to_owned()]);
    assert_eq!((shape(&tree).as_str(), tree.containers()), ("(0:1) 1:2", 1));
    assert_eq!(Tree::new(&node, &[]).containers(), 3);
}

#[test]
fn a_parent_that_is_known_goes_before_the_way_out() {
    // macvlan: the traffic does not pass the pod.
    let mut node = incident()
        .device(4, 2, "eth0", LinkKind::Macvlan, 1500)
        .on(4, 2, crate::testing::node::id(1, 2))
        .gateway(4, 2, "192.168.1.1")
        .container(4, "beside")
        .0;
    assert_eq!(shape(&Tree::new(&node, &[])), "0:1 1:2 2:3! 1:4");
    node.netns.get_mut(&NetnsId(4)).unwrap().containers[0].parents = vec![Container::new("pod")];
    assert_eq!(shape(&Tree::new(&node, &[])), "0:1 1:2 2:3! 2:4");
}

#[test]
fn nesting_ends() {
    // Two namespaces that are each other's gateway, and one behind them.
    let knot = Builder::new()
        .device(1, 2, "ens3", LinkKind::Physical, 1500)
        .pair((5, 2, "a", 1500), (6, 2, "b", 1400))
        .address(5, 2, "10.0.0.1/24")
        .address(6, 2, "10.0.0.2/24")
        .gateway(5, 2, "10.0.0.2")
        .gateway(6, 2, "10.0.0.1")
        .container(5, "a")
        .container(6, "b");
    assert_eq!(shape(&Tree::new(&knot.0, &[])), "(0:1) 1:6 2:5!");
    // A chain without end.
    let chain = (1..100).fold(Builder::new(), |node, netns| {
        node.pair((netns, 3, "in", 1500), (netns + 1, 2, "eth0", 1500))
            .address(netns, 3, "10.0.0.1/24")
            .address(netns + 1, 2, "10.0.0.2/24")
            .gateway(netns + 1, 2, "10.0.0.1")
    });
    let tree = Tree::new(&chain.0, &[]);
    assert_eq!((tree.entries.len(), tree.entries.iter().map(|e| e.depth).max()), (100, Some(DEEPEST)));
}
