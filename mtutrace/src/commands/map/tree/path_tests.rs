//! Other ways out than the default one, and devices that face each other.
use super::*;
use crate::model::LinkKind;
use crate::testing::node::{Builder, incident};

/// The incident put right, with a VPN on the node besides.
fn vpn(mtu: u32) -> Builder {
    incident()
        .edit(3, 7, |link| link.mtu = 1450)
        .edit(2, 8, |link| link.mtu = 1450)
        .edit(2, 3, |link| link.mtu = 1450)
        .device(1, 9, "tun0", LinkKind::Tun, mtu)
        .route(1, 9, "10.50.0.0/16", Some("10.8.0.1"), None)
        .route(1, 9, "10.60.0.0/16", Some("10.8.0.1"), None)
}

fn entry_of<'t, 'a>(tree: &'t Tree<'a>, netns: u32) -> &'t Entry<'a> {
    tree.entries.iter().find(|entry| entry.netns == NetnsId(netns)).unwrap()
}

#[test]
fn each_way_out_is_judged() {
    let node = vpn(1300).0;
    let tree = Tree::new(&node, &[]);
    let build = entry_of(&tree, 3);
    assert_eq!(build.network.others.len(), 1);
    assert_eq!(build.network.others[0].destinations(), ["10.50.0.0/16", "10.60.0.0/16"]);
    let fault = &build.network.faults[0];
    assert_eq!((fault.mismatch.culprit.interface.as_str(), fault.mismatch.bottleneck.mtu), ("docker0", 1300));
    assert_eq!(fault.fixes[0].command, "dockerd --mtu=1300");
    assert_eq!(tree.mismatches(), 2, "the pod's own network, and the one in it");
    let wide = vpn(1450).0;
    let tree = Tree::new(&wide, &[]);
    assert_eq!((entry_of(&tree, 3).network.others.len(), tree.mismatches()), (1, 0));
}

#[test]
fn a_narrower_way_is_a_fault_of_its_own_and_a_wider_one_is_not() {
    let with = |limit: u32| {
        incident().device(1, 9, "tun0", LinkKind::Tun, limit).route(1, 9, "10.50.0.0/16", None, None).0
    };
    let limits = |node: &Node| {
        let tree = Tree::new(node, &["build".to_owned()]);
        entry_of(&tree, 3)
            .network
            .faults
            .iter()
            .map(|fault| fault.mismatch.bottleneck.mtu)
            .collect::<Vec<_>>()
    };
    assert_eq!(limits(&with(1300)), [1450, 1300]);
    assert_eq!(limits(&with(1480)), [1450]);
}

#[test]
fn devices_that_face_each_other() {
    let without_routes = |mtu: u32| {
        let mut node = vpn(1500).edit(2, 8, |link| link.mtu = mtu).0;
        node.netns.get_mut(&NetnsId(3)).unwrap().routes.clear();
        node
    };
    let node = without_routes(1400);
    let tree = Tree::new(&node, &[]);
    let build = entry_of(&tree, 3);
    let fault = &build.network.faults[0];
    assert_eq!((fault.mismatch.culprit.interface.as_str(), fault.path.target), ("veth8", 1450));
    assert!(fault.fixes[0].command.ends_with("ip link set dev veth8 mtu 1450"), "{:?}", fault.fixes);
    // The container's own end is the small one: it announces a small MSS.
    let node = without_routes(1500);
    let tree = Tree::new(&node, &[]);
    assert_eq!((entry_of(&tree, 3).network.unequal.len(), entry_of(&tree, 3).network.faults.len()), (1, 0));
}
