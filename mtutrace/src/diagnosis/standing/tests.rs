//! Causes of the founding incident and of nodes like it.
use super::*;
use crate::model::LinkKind;
use crate::testing::node::{Builder, HOST, incident, neighbour};

/// "affected culprit has > should be" of each.
fn told(node: &Builder) -> Vec<String> {
    let line = |m: StandingMismatch| {
        let names: Vec<String> = m.affected.into_iter().map(|one| one.name).collect();
        format!("{}: {} {} > {}", names.join(", "), m.culprit.interface, m.culprit.mtu, m.should_be)
    };
    standing(&node.0).into_iter().map(line).collect()
}

#[test]
fn the_incident_is_one_cause_with_its_fix() {
    let found = standing(&incident().0);
    let [m] = found.as_slice() else { panic!("{found:?}") };
    assert_eq!((m.culprit.interface.as_str(), m.culprit.mtu, m.should_be), ("docker0", 1500, 1450));
    assert_eq!((m.bottleneck.interface.as_str(), m.bottleneck.mtu), ("eth0", 1450));
    assert_eq!(m.fix[0].command, "dockerd --mtu=1450");
    assert_eq!(
        m.summary,
        "container build: packets can be too big for the path. Set the MTU of docker0 (container pod) to 1450: the egress \
         device eth0 (container pod) carries only 1450 (docker0 has 1500)"
    );
}

#[test]
fn nothing_stands_where_the_numbers_fit() {
    let fits = incident().edit(3, 7, |link| link.mtu = 1450);
    assert_eq!(standing(&fits.0), []);
}

#[test]
fn one_device_is_one_cause_for_all_behind_it() {
    assert_eq!(told(&neighbour(1500)), ["container build, container neighbour: docker0 1500 > 1450"]);
    assert_eq!(told(&neighbour(1450)), ["container build: docker0 1500 > 1450"]);
    let summary = &standing(&neighbour(1500).0)[0].summary;
    assert!(summary.starts_with("container build and 1 other: "), "{summary}");
}

#[test]
fn a_tunnel_is_one_cause_for_all_that_go_through_it() {
    use crate::topology::underlay::tests::vxlan;
    let node = incident()
        .device(1, 9, "flannel.1", LinkKind::Vxlan, 1500)
        .edit(1, 9, |link| link.tunnel = Some(vxlan(Some(crate::testing::node::ip("192.168.1.9")))))
        .edit(2, 2, |link| link.mtu = 1500)
        .edit(1, 3, |link| link.mtu = 1500)
        .edit(1, 112, |link| link.mtu = 1500)
        .route(1, 9, "10.43.0.0/16", Some("10.43.0.1"), None);
    let found = standing(&node.0);
    let tunnels: Vec<&StandingMismatch> =
        found.iter().filter(|m| m.culprit.interface == "flannel.1").collect();
    let [tunnel] = tunnels.as_slice() else { panic!("{found:#?}") };
    assert_eq!((tunnel.should_be, tunnel.overhead), (1450, Some(50)));
    assert_eq!(tunnel.affected[0].netns, HOST, "{tunnel:#?}");
    assert!(tunnel.summary.contains("with 50 bytes of tunnel headers"), "{}", tunnel.summary);
}

#[test]
fn what_vanishes_without_a_word_comes_first() {
    let node = neighbour(1500).edit(2, 18, |link| link.mtu = 1400);
    let first = &told(&node)[0];
    assert_eq!(first, "container neighbour: veth18 1400 > 1500");
}
