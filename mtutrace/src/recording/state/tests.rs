use std::sync::Arc;

use super::*;
use crate::kernel::hooks::{HOOKS, Outcome, table};
use crate::model::{
    Action, Address, Ci, Compose, Container, DeviceId, Learnt, Link, LinkKind, Netns, NetnsId, Network, Node,
    Pod, Remotes, Route, Rule, Runtime, Setup, TcAction, TcFilter, Tunnel, TunnelEnd,
};
use crate::testing::node::incident;

/// A namespace that has one of everything.
fn full() -> Netns {
    let ip = |text: &str| text.parse().unwrap();
    let tunnel = Tunnel {
        overhead: 50,
        remote: Some(ip("192.0.2.1")),
        local: Some(ip("2001:db8::1")),
        link: Some(3),
        port: Some(4789),
        cuts: true,
        external: true,
        nsid: Some(-1),
        netns: Some(NetnsId(9)),
    };
    let link = Link {
        ifindex: 2,
        name: "eth\u{1b}\"0\u{202e}".to_owned(),
        mtu: u32::MAX,
        kind: LinkKind::IpTunnel,
        ethernet: true,
        up: true,
        mac: vec![1, 2, 3, 4, 5, 255],
        master: Some(7),
        learning: false,
        peer: Some(DeviceId { netns: NetnsId(4), ifindex: 5 }),
        tunnel: Some(tunnel),
    };
    let setup = Setup {
        networks: vec![Network { name: "ci".to_owned(), id: "0a".to_owned() }],
        compose: Some(Compose { project: "p".to_owned(), service: Some("s".to_owned()) }),
        ci: Some(Ci::GitLab),
    };
    let pod = Pod { namespace: Some("ns".to_owned()), name: None, uid: Some("u".to_owned()) };
    let outer =
        Container { runtime: Some(Runtime::Lxc), setup: Some(Arc::new(setup)), ..Container::new("outer") };
    let container = Container {
        name: Some("build".to_owned()),
        pod: Some(pod),
        parents: vec![outer.clone()],
        setup: outer.setup.clone(),
        ..Container::new("0123")
    };
    let rule = Rule {
        v4: true,
        priority: 1,
        from: Some((ip("10.0.0.0"), 8)),
        to: None,
        iif: Some("lo".to_owned()),
        invert: true,
        extraordinary: false,
        mark: Some((1, 2)),
        l3mdev: true,
        unknown: false,
        action: Action::Goto(3),
        suppress: Some(0),
    };
    let route = Route {
        table: 254,
        destination: ip("::"),
        prefix: 0,
        gateway: Some(ip("fe80::1")),
        ifindex: 2,
        several: true,
        mtu: Some(1400),
        advmss: Some(1360),
        source: Some(ip("2001:db8::2")),
        metric: 1024,
    };
    let mut netns = Netns {
        name: Some("n".to_owned()),
        mount: Some("/m".to_owned()),
        pid: Some(1),
        command: Some("c".to_owned()),
        links: [(2, link)].into(),
        addresses: vec![Address { ifindex: 2, ip: ip("10.0.0.1"), prefix: 24 }],
        routes: vec![route],
        routes_cut: 3,
        rules: vec![rule],
        remotes: [(2, Remotes { known: vec![ip("192.0.2.9")], more: 1 })].into(),
        ends: [(2, TunnelEnd { kind: "gre".to_owned(), sends: 1, takes: 2 })].into(),
        vrfs: [(2, 10)].into(),
        drivers: [(2, "openvswitch".to_owned())].into(),
        xdp: [2].into(),
        tc: vec![TcFilter { ifindex: 2, does: TcAction::Program("p".to_owned()) }],
        learnt: vec![Learnt { destination: ip("192.0.2.7"), mtu: 1300 }],
        containers: vec![container],
        generation: 7,
        ..Netns::default()
    };
    netns.note_cut("devices", 4);
    netns
}

fn snapshot(node: Node) -> Snapshot {
    let outcomes = vec![Outcome::Missing("no".to_owned()); HOOKS.len()];
    let status = TraceStatus { hooks: table(HOOKS, &outcomes), interfaces: 3, ..TraceStatus::default() };
    let program = ProgramCost { ns_per_run: 0.1 + 0.2, missed: Some(1), ..ProgramCost::default() };
    let mut delta = Delta::default();
    delta.container = full().containers.pop();
    let key = NetnsKey { id: NetnsId(1), generation: 2 };
    Snapshot {
        node: Arc::new(node),
        status,
        wanted: 5,
        ready: true,
        programs: vec![program],
        kernel: Arc::new([(key, delta)].into()),
        kernel_ns: 99,
    }
}

fn assert_same(a: &Snapshot, b: &Snapshot) {
    assert_eq!(a.node, b.node);
    assert_eq!((&a.status, a.wanted, a.ready, &a.programs), (&b.status, b.wanted, b.ready, &b.programs));
    assert_eq!((&a.kernel, a.kernel_ns), (&b.kernel, b.kernel_ns));
}

/// What comes of the change after it has been written and read.
fn travelled(old: &Snapshot, new: &Snapshot) -> Snapshot {
    let written = serde_json::to_vec(&SnapshotDelta::between(old, new)).unwrap();
    let read: SnapshotDelta = serde_json::from_slice(&written).unwrap();
    let mut result = old.clone();
    read.apply(&mut result);
    result
}

#[test]
fn all_that_is_known_of_a_node_comes_back() {
    let mut node = incident().0;
    node.netns.insert(NetnsId(77), full().into());
    let whole = snapshot(node);
    assert_same(&travelled(&Snapshot::default(), &whole), &whole);
}

#[test]
fn a_change_is_small_and_leads_from_one_to_the_other() {
    let node = incident().0;
    let mut other = node.clone();
    let first = *node.netns.keys().next().unwrap();
    other.netns.get_mut(&first).unwrap().containers = full().containers;
    other.netns.remove(node.netns.keys().next_back().unwrap());
    other.generation += 1;
    let (old, mut new) = (snapshot(node), snapshot(other));
    new.kernel = Arc::default();
    assert_same(&travelled(&old, &new), &new);
    assert_same(&travelled(&new, &old), &old);
    let nothing = serde_json::to_string(&SnapshotDelta::between(&old, &old.clone())).unwrap();
    assert_eq!(nothing, r#"{"wanted":5,"ready":true,"kernel_ns":99}"#);
}

#[test]
fn random_changes_lead_where_they_should() {
    let mut random = fastrand::Rng::with_seed(12);
    let base = incident().0;
    let mut old = snapshot(base.clone());
    for _ in 0..200 {
        let mut node = Node::clone(&old.node);
        for _ in 0..random.usize(0..4) {
            let id = NetnsId(random.u32(0..12));
            match random.u8(0..4) {
                0 => drop(node.netns.remove(&id)),
                1 => drop(node.netns.insert(id, full().into())),
                _ => {
                    let netns = node.netns.entry(id).or_default();
                    netns.generation = random.u64(..);
                    netns.links.values_mut().for_each(|link| link.mtu = random.u32(..));
                }
            }
        }
        node.generation += 1;
        let new = Snapshot { ready: random.bool(), kernel_ns: random.u64(..), ..snapshot(node) };
        let result = travelled(&old, &new);
        assert_same(&result, &new);
        old = result;
    }
}

#[test]
fn what_is_damaged_is_an_error_and_what_is_unknown_is_left_out() {
    let written =
        serde_json::to_vec(&SnapshotDelta::between(&Snapshot::default(), &snapshot(incident().0))).unwrap();
    let mut random = fastrand::Rng::with_seed(5);
    for _ in 0..2000 {
        let mut bytes = written.clone();
        let at = random.usize(..bytes.len());
        bytes[at] = random.u8(..);
        if let Ok(read) = serde_json::from_slice::<SnapshotDelta>(&bytes) {
            read.apply(&mut Snapshot::default());
        }
    }
    assert!(serde_json::from_slice::<SnapshotDelta>(&written[..written.len() - 1]).is_err());
    let later = br#"{"wanted":1,"ready":false,"kernel_ns":2,"something":{"else":[]}}"#;
    assert!(serde_json::from_slice::<SnapshotDelta>(later).is_ok());
    let deep = format!("{{\"node\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    assert!(serde_json::from_str::<SnapshotDelta>(&deep).is_err());
}
