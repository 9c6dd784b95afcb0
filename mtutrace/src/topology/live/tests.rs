//! A real node of network namespaces, watched.
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::super::watch::drain;
use super::*;
use crate::model::{Container, DeviceId, LinkKind};
use crate::testing::node::{HOST, Sandbox, may_make_namespaces};

fn seen(sandbox: &Sandbox) -> FoundNetns {
    let containers = vec![Container::new(sandbox.name.clone())];
    FoundNetns {
        id: sandbox.id(),
        path: sandbox.path(),
        name: Some(sandbox.name.clone()),
        mount: None,
        pid: None,
        command: None,
        containers,
    }
}

fn readable(fd: &OwnedFd, milliseconds: i64) -> bool {
    let time = Timespec { tv_sec: milliseconds / 1000, tv_nsec: milliseconds % 1000 * 1_000_000 };
    poll(&mut [PollFd::new(fd, PollFlags::IN)], Some(&time)).unwrap() == 1
}

fn index(topology: &Topology, sandbox: &Sandbox, name: &str) -> DeviceId {
    let netns = &topology.node().netns[&sandbox.id()];
    let ifindex = netns.links.values().find(|link| link.name == name).unwrap().ifindex;
    DeviceId { netns: sandbox.id(), ifindex }
}

#[test]
fn sees_namespaces_their_peers_and_their_changes() {
    if !may_make_namespaces() {
        return;
    }
    let (outer, inner) = (Sandbox::new(), Sandbox::new());
    outer.ip("link add br0 type bridge");
    outer.ip(&format!("link add port type veth peer name eth0 netns {}", inner.name));
    outer.ip("link set port master br0 up");
    outer.ip("link set br0 up");
    outer.ip("address add 10.0.0.1/24 dev br0");
    inner.ip("link set eth0 up");
    inner.ip("address add 10.0.0.2/24 dev eth0");
    inner.ip("route add default via 10.0.0.1");
    let all = [seen(&outer), seen(&inner)];
    let mut topology = Topology::new(HOST).unwrap();

    let changes = topology.refresh(&all);
    assert!(changes.changed && changes.removed.is_empty() && topology.unreadable().is_empty());
    assert_eq!((changes.added.len(), changes.watch.len()), (2, 2));
    let (port, eth0) = (index(&topology, &outer, "port"), index(&topology, &inner, "eth0"));
    assert_eq!(topology.node().link(port).unwrap().peer, Some(eth0));
    assert_eq!(topology.node().link(eth0).unwrap().peer, Some(port));
    assert_eq!(topology.node().link(port).unwrap().kind, LinkKind::Veth);
    let inhabitant = topology.node().container(inner.id()).unwrap();
    assert_eq!(inhabitant.parents.first().map(|p| p.id.as_str()), Some(outer.name.as_str()));

    // Nothing happened: nothing changed, and nothing is read again.
    let watch = &changes.watch.iter().find(|(id, _)| *id == inner.id()).unwrap().1;
    drain(watch.as_fd()).unwrap();
    assert!(!readable(watch, 0) && !drain(watch.as_fd()).unwrap());
    let quiet = topology.refresh(&all);
    assert!(!quiet.changed && quiet.added.is_empty() && quiet.watch.is_empty());

    inner.ip("link set eth0 mtu 1400");
    assert!(readable(watch, 2000) && drain(watch.as_fd()).unwrap());
    assert!(!topology.refresh(&all).changed);
    topology.mark_dirty(inner.id());
    assert!(topology.refresh(&all).changed);
    let link = topology.node().link(eth0).unwrap();
    assert_eq!((link.mtu, link.peer), (1400, Some(port)));
    topology.mark_dirty(inner.id());
    assert!(!topology.refresh(&all).changed);

    // Jobs of others are done in the same way.
    let there = topology.enter(inner.id(), || std::fs::metadata("/proc/thread-self/ns/net").unwrap().ino());
    assert_eq!(there.unwrap(), u64::from(inner.id().0));
    assert!(matches!(topology.enter(NetnsId(1), || ()), Err(EnterError::Unknown(_))));

    let gone = topology.refresh(&all[..1]);
    assert_eq!((gone.removed.as_slice(), gone.changed), (&[inner.id()][..], true));
    assert_eq!(topology.node().link(port).unwrap().peer, None);
}

#[test]
fn what_cannot_be_entered_is_said_and_tried_again_later() {
    if !may_make_namespaces() {
        return;
    }
    let (sandbox, mut topology) = (Sandbox::new(), Topology::new(HOST).unwrap());
    let mut stale = seen(&sandbox);
    stale.path = "/proc/self/ns/uts".into();
    assert!(!topology.refresh(std::slice::from_ref(&stale)).changed);
    assert!(topology.unreadable().contains_key(&sandbox.id()));
    assert!(topology.node().netns.is_empty());
    // A way in appears.
    let found = topology.refresh(&[seen(&sandbox)]);
    assert_eq!(found.added, [sandbox.id()]);
    assert!(topology.unreadable().is_empty());
    // It is lost again: what was read stays, until the namespace is gone.
    topology.mark_dirty(sandbox.id());
    topology.refresh(std::slice::from_ref(&stale));
    assert!(topology.unreadable().contains_key(&sandbox.id()));
    assert!(topology.node().netns.contains_key(&sandbox.id()));
    topology.refresh(&[]);
    assert!(topology.unreadable().is_empty() && topology.node().netns.is_empty());
}

#[test]
fn a_failure_is_left_alone_for_thirty_refreshes() {
    let mut topology = Topology::new(HOST).unwrap();
    let path = PathBuf::from("/nonexistent");
    let missing = FoundNetns {
        id: NetnsId(7),
        path,
        name: None,
        mount: None,
        pid: None,
        command: None,
        containers: Vec::new(),
    };
    topology.refresh(std::slice::from_ref(&missing));
    for left in (1..ENTER_AGAIN).rev() {
        topology.refresh(std::slice::from_ref(&missing));
        assert_eq!(topology.failures[&NetnsId(7)].again_in, left);
    }
    topology.refresh(std::slice::from_ref(&missing));
    assert_eq!(topology.failures[&NetnsId(7)].again_in, ENTER_AGAIN);
}
