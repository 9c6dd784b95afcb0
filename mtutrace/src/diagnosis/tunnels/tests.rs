//! Outer packets lead to tunnels, and tunnels to those who use them.
use super::*;
use crate::diagnosis::attribution::tests::{Table, event, flow};
use crate::diagnosis::engine::Engine;
use crate::model::{Bottleneck, Device, Ended, SignalKind, VerdictKind};
use crate::testing::node::{Builder, HOST, ip};
use crate::topology::underlay::tests::vxlan;
use mtutrace_common::HookId;

const OUTER: (&str, &str) = ("192.0.2.1:50000", "192.0.2.2:4789");
const INNER: (&str, &str) = ("10.42.0.2:5000", "10.42.1.7:80");
const S: u64 = 1_000_000_000;

fn node() -> Node {
    Builder::new()
        .device(1, 2, "eth0", LinkKind::Physical, 1450)
        .address(1, 2, "192.0.2.1/24")
        .device(1, 3, "flannel.1", LinkKind::Vxlan, 1450)
        .edit(1, 3, |link| link.tunnel = Some(vxlan(Some(ip("192.0.2.2")))))
        .route(1, 3, "10.42.1.0/24", Some("10.42.1.0"), None)
        .pair((1, 4, "veth4", 1450), (2, 2, "eth0", 1450))
        .address(1, 4, "10.42.0.1/24")
        .address(2, 2, "10.42.0.2/24")
        .gateway(2, 2, "10.42.0.1")
        .container(2, "pod")
        .0
}

fn table() -> Table {
    Table { netns: 0, outer: flow(OUTER.0, OUTER.1), inner: flow(OUTER.0, OUTER.1) }
}

fn cut(port: &str, hook: HookId, mtu: Option<u32>) -> Event {
    let mut flow = flow(OUTER.0, port);
    flow.protocol = UDP;
    Event { hook, length: 1500, ..event(1, flow, EventKind::Fragmented { mtu }) }
}

#[test]
fn only_what_a_tunnel_of_this_node_made() {
    let (mut wrong, mut node) = (Wrong::default(), node());
    let mut around = |event: &Event, node: &Node| wrong.around(event, node).map(|below| below.fits);
    let made = cut(OUTER.1, HookId::IpDoFragment, Some(1450));
    assert_eq!(around(&made, &node), Some(1400));
    assert_eq!(around(&cut(OUTER.1, HookId::TcEgress, None), &node), Some(1400));
    assert_eq!(around(&cut(OUTER.1, HookId::TcIngress, None), &node), None, "it only passes");
    let paired = Builder(node.clone()).pair((1, 2, "eth0", 1450), (7, 5, "veth5", 1450)).0;
    let beyond = Event { netns: NetnsId(7), ifindex: 5, ..cut(OUTER.1, HookId::TcIngress, None) };
    assert_eq!(
        Wrong::default().around(&beyond, &paired).map(|below| below.fits),
        Some(1400),
        "its other end"
    );
    assert_eq!(around(&cut("192.0.2.2:53", HookId::IpDoFragment, Some(1450)), &node), None);
    node.netns.get_mut(&HOST).unwrap().links.get_mut(&3).unwrap().mtu = 1400;
    node.generation += 1;
    assert_eq!(around(&made, &node), None, "the number fits now");
}

#[test]
fn nobody_s_until_it_is_known_who_uses_it() {
    let (mut engine, mut node) = (Engine::default(), node());
    engine.event_by(cut(OUTER.1, HookId::IpDoFragment, Some(1450)), &node, &table());
    assert!(engine.tick(S / 2, &node).1.is_empty(), "it may yet turn out whose it is");
    let verdicts = engine.tick(S, &node).1;
    let first = verdicts.first().unwrap();
    assert_eq!((first.kind, first.container.as_ref()), (VerdictKind::TunnelOverhead, None));
    let mtu = |device: &Option<Device>| device.as_ref().unwrap().mtu;
    assert_eq!((mtu(&first.culprit), first.bottleneck.as_ref().map_or(0, Bottleneck::mtu)), (1450, 1450));
    assert!(first.summary.contains("to 1400: "), "{}", first.summary);

    let too_big = EventKind::Oversized { mtu: Some(1400), egress: Some(3), may_be_cut: true };
    let inner = Event { time_ns: S, length: 1450, ifindex: 4, ..event(1, flow(INNER.0, INNER.1), too_big) };
    engine.event_by(inner, &node, &table());
    let verdicts = engine.tick(3 * S, &node).1;
    let [replaced, users] = verdicts.as_slice() else { panic!("{verdicts:?}") };
    assert_eq!(
        (replaced.id, replaced.ended, users.replaces),
        (first.id, Some(Ended::Replaced), Some(first.id))
    );
    assert_eq!(users.container.as_ref().unwrap().id, "pod");
    assert_eq!(users.kind, VerdictKind::TunnelOverhead);
    assert!(
        users.evidence.iter().any(|e| e.contains("1 of its packets were fragmented at eth0")),
        "{users:?}"
    );
    assert_eq!(engine.standing(&node).len(), 1, "one cause, one verdict");
    assert_eq!(engine.report().iter().map(|(_, t)| t.counters[&SignalKind::Fragmented]).next(), Some(1));

    node.netns.get_mut(&HOST).unwrap().links.get_mut(&3).unwrap().mtu = 1400;
    node.generation += 1;
    assert!(!engine.tick(4 * S, &node).1.first().unwrap().active);
}
