//! Who is at the other end.
use std::cell::RefCell;

use super::super::dump::dump;
use super::*;
use crate::testing::node::{Builder, Sandbox, id, may_make_namespaces};
use crate::topology::netns_exec::NetnsExecutor;

fn says(ifindex: u32, link: u32, nsid: Option<i32>) -> RawPeer {
    RawPeer { ifindex, link, nsid }
}

/// Two pairs, 1–2 and 3–4, whose four ends have the same indices.
fn lookalikes() -> (Node, RawPeers) {
    let mut builder = Builder::new();
    for netns in 1..=4 {
        builder = builder.device(netns, 2, "veth", LinkKind::Veth, 1500);
    }
    (builder.0, (1..=4).map(|netns| (NetnsId(netns), vec![says(2, 2, Some(0))])).collect())
}

fn partner(netns: NetnsId) -> NetnsId {
    NetnsId(((netns.0 - 1) ^ 1) + 1)
}

#[test]
fn the_kernel_decides_between_lookalikes_and_is_asked_once() {
    let (mut node, mut raw) = lookalikes();
    let asked = RefCell::new(Vec::new());
    let ask = |asker: NetnsId, candidates: &BTreeSet<NetnsId>| {
        asked.borrow_mut().push(asker.0);
        assert_eq!(candidates.len(), raw_len() - 1);
        candidates.iter().filter(|c| **c == partner(asker)).map(|c| (*c, 0)).collect()
    };
    let mut peers = Peers::default();
    peers.resolve(&mut node, &raw, ask);
    for netns in 1..=4 {
        let found = node.link(id(netns, 2)).unwrap().peer;
        assert_eq!(found, Some(DeviceId { netns: partner(NetnsId(netns)), ifindex: 2 }));
    }
    assert_eq!(*asked.borrow(), [1, 2, 3, 4]);
    peers.resolve(&mut node, &raw, |_, _| panic!("asked again"));

    // A namespace goes: its number means nothing any more.
    peers.forget(NetnsId(2));
    node.netns.remove(&NetnsId(2));
    raw.remove(&NetnsId(2));
    peers.resolve(&mut node, &raw, |asker, _| {
        assert_eq!(asker, NetnsId(1));
        Vec::new()
    });
    assert_eq!(node.link(id(1, 2)).unwrap().peer, None);
    assert_eq!(node.link(id(3, 2)).unwrap().peer, Some(id(4, 2)));
}

fn raw_len() -> usize {
    lookalikes().1.len()
}

#[test]
fn without_a_number_it_is_here_and_must_point_back() {
    let mut node = Builder::new()
        .device(1, 2, "a", LinkKind::Veth, 1500)
        .device(1, 3, "b", LinkKind::Veth, 1500)
        .device(1, 4, "stray", LinkKind::Veth, 1500)
        .device(1, 5, "a.7", LinkKind::Vlan, 1500)
        .device(1, 6, "vxlan", LinkKind::Vxlan, 1450)
        .device(1, 7, "lost", LinkKind::Macvlan, 1500)
        .0;
    let claims = vec![
        says(2, 3, None),
        says(3, 2, None),
        says(4, 3, None),
        says(5, 2, None),
        says(6, 2, None),
        says(7, 99, None),
    ];
    let raw = RawPeers::from([(NetnsId(1), claims)]);
    Peers::default().resolve(&mut node, &raw, |_, _| panic!("nothing to ask"));
    let found: Vec<_> =
        node.netns[&NetnsId(1)].links.values().map(|link| link.peer.map(|p| p.ifindex)).collect();
    assert_eq!(found, [Some(3), Some(2), None, Some(2), None, None]);
}

#[test]
fn a_lower_device_elsewhere_is_asked_for_as_well() {
    let mut node = Builder::new()
        .device(1, 2, "eth0", LinkKind::Physical, 1500)
        .device(2, 2, "mac", LinkKind::Macvlan, 1500)
        .device(3, 2, "eth0", LinkKind::Physical, 1500)
        .0;
    let raw = RawPeers::from([(NetnsId(2), vec![says(2, 2, Some(5))])]);
    Peers::default().resolve(&mut node, &raw, |asker, candidates| {
        assert_eq!((asker.0, candidates.len()), (2, 2));
        vec![(NetnsId(3), 5)]
    });
    assert_eq!(node.link(id(2, 2)).unwrap().peer, Some(id(3, 2)));
}

#[test]
fn a_dying_namespace_has_no_number() {
    let (mut node, mut raw) = lookalikes();
    raw.insert(NetnsId(1), vec![says(2, 2, Some(-1))]);
    Peers::default().resolve(&mut node, &raw, |asker, _| {
        assert_ne!(asker, NetnsId(1));
        Vec::new()
    });
    assert_eq!(node.link(id(1, 2)).unwrap().peer, None);
}

#[test]
fn the_real_kernel_tells_lookalikes_apart() {
    if !may_make_namespaces() {
        return;
    }
    let boxes: Vec<Sandbox> = (0..4).map(|_| Sandbox::new()).collect();
    let [a, b, c, d] = boxes.as_slice() else { panic!() };
    a.ip(&format!("link add v index 77 type veth peer name v index 77 netns {}", d.name));
    b.ip(&format!("link add v index 77 type veth peer name v index 77 netns {}", c.name));
    let node = resolved(&boxes);
    for (one, other) in [(a, d), (b, c), (c, b), (d, a)] {
        let found = node.link(DeviceId { netns: one.id(), ifindex: 77 }).unwrap().peer;
        assert_eq!(found, Some(DeviceId { netns: other.id(), ifindex: 77 }));
    }
}

#[test]
fn the_real_kernel_tells_lower_devices() {
    if !may_make_namespaces() {
        return;
    }
    let boxes: Vec<Sandbox> = (0..3).map(|_| Sandbox::new()).collect();
    let [lower, other, upper] = boxes.as_slice() else { panic!() };
    for sandbox in [lower, other] {
        sandbox.ip("link add v index 77 type veth peer name w index 78");
    }
    lower.ip("link add link v name mac0 index 79 type macvlan");
    lower.ip(&format!("link set mac0 netns {}", upper.name));
    let found = resolved(&boxes).link(DeviceId { netns: upper.id(), ifindex: 79 }).unwrap().peer;
    assert_eq!(found, Some(DeviceId { netns: lower.id(), ifindex: 77 }));
}

/// The node that these namespaces make.
fn resolved(boxes: &[Sandbox]) -> Node {
    let entrant = NetnsExecutor::new().unwrap();
    let (mut node, mut raw) = (Node::default(), RawPeers::new());
    for sandbox in boxes {
        let dump = entrant
            .run(&sandbox.path(), sandbox.id(), || dump(crate::topology::dump::Exceptions::OfTunnels, 100))
            .unwrap()
            .unwrap();
        node.netns.insert(sandbox.id(), dump.netns.into());
        raw.insert(sandbox.id(), dump.peers);
    }
    let path = |id: NetnsId| boxes.iter().find(|sandbox| sandbox.id() == id).unwrap().path();
    Peers::default().resolve(&mut node, &raw, |asker, candidates| {
        let others: Vec<_> = candidates.iter().map(|id| (*id, path(*id))).collect();
        entrant.run(&path(asker), asker, move || nsids_of(&others)).unwrap().unwrap()
    });
    node
}
