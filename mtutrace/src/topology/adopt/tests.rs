//! Parents from paths.
use super::*;
use crate::model::{LinkKind, Runtime};
use crate::testing::node::{Builder, incident};

fn parents(node: &Node, netns: u32) -> Vec<&str> {
    node.container(NetnsId(netns)).unwrap().parents.iter().map(|parent| parent.id.as_str()).collect()
}

#[test]
fn the_incidents_build_runs_in_the_pod() {
    let mut node = incident().0;
    adopt_parents(&mut node);
    assert_eq!(parents(&node, 3), ["pod"]);
    assert!(parents(&node, 2).is_empty());
}

#[test]
fn deep_nesting_gives_whole_chains_and_keeps_given_parents() {
    let mut node = incident()
        .device(3, 9, "br-9", LinkKind::Bridge, 1500)
        .address(3, 9, "172.18.0.1/16")
        .pair((3, 10, "veth10", 1500), (4, 2, "eth0", 1500))
        .port(3, 10, 9)
        .address(4, 2, "172.18.0.2/16")
        .gateway(4, 2, "172.18.0.1")
        .container(4, "deep")
        .container(4, "knows")
        .0;
    let deep = &mut node.netns.get_mut(&NetnsId(4)).unwrap().containers;
    deep.last_mut().unwrap().parents = vec![Container::new("given")];
    adopt_parents(&mut node);
    assert_eq!(parents(&node, 4), ["build", "pod"]);
    let all = &node.netns[&NetnsId(4)].containers;
    assert!(all.first().unwrap().parents.iter().all(|parent| parent.parents.is_empty()));
    assert_eq!(all.last().unwrap().parents, [Container::new("given")]);
    let before = node.clone();
    adopt_parents(&mut node);
    assert_eq!(node, before);
}

#[test]
fn the_host_and_a_sibling_behind_a_bridge_are_no_parents() {
    // A container in the host's namespace (hostNetwork) is not the parent of all pods.
    let mut node = incident().container(1, "host-network").0;
    adopt_parents(&mut node);
    assert!(parents(&node, 2).is_empty());
    assert!(parents(&node, 1).is_empty());
}

#[test]
fn two_that_route_through_each_other_end() {
    let mut node = Builder::new()
        .pair((2, 2, "a", 1500), (3, 2, "b", 1500))
        .gateway(2, 2, "10.0.0.2")
        .gateway(3, 2, "10.0.0.1")
        .container(2, "two")
        .container(3, "three")
        .0;
    adopt_parents(&mut node);
    assert!(!parents(&node, 2).contains(&"two"));
    assert!(!parents(&node, 3).contains(&"three"));
}

#[test]
fn only_containers_without_parents_are_adopted() {
    let id = |id: &str| Container::new(id);
    let parent = Container { parents: vec![id("z")], runtime: Some(Runtime::Containerd), ..id("a") };
    let mut inner = [id("b"), Container { parents: vec![id("y")], ..id("c") }, id("a"), id("z")];
    adopt(&mut inner, &parent);
    let parents = |c: &Container| c.parents.iter().map(|parent| parent.id.clone()).collect::<Vec<_>>();
    assert_eq!(inner.each_ref().map(parents), [vec!["a", "z"], vec!["y"], vec![], vec![]]);
    assert_eq!(inner[0].parents[0].runtime, Some(Runtime::Containerd));
    assert!(inner[0].parents.iter().all(|parent| parent.parents.is_empty()));
}
