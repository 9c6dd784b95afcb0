//! Ends of flows and their networks, on the founding incident.
use std::net::IpAddr;

use super::*;
use crate::diagnosis::flows::SynObservation;
use crate::model::{EventKind, Hop, Link, LinkKind, Port};
use crate::testing::node::{Builder, incident};
use mtutrace_common::HookId;
use mtutrace_common::config::DropCause;

/// A NAT table with one entry: in the namespace `netns`, `outer` is `inner`.
pub(crate) struct Table {
    pub(crate) netns: u32,
    pub(crate) outer: Flow,
    pub(crate) inner: Flow,
}

impl Table {
    pub(crate) fn inner_flow(&self, query: NatQuery) -> Option<Flow> {
        let reversed = (query.flow == self.outer.reversed()).then(|| self.inner.reversed());
        let own = query.netns == NetnsId(self.netns);
        own.then_some((query.flow == self.outer).then_some(self.inner).or(reversed))?
    }
}

/// With answers that are there already.
fn ends(event: &Event, flows: &Flows, node: &Node, table: &Table) -> Ends {
    super::ends(event, flows, node, &mut |query| Translation::Known(table.inner_flow(query))).unwrap()
}

pub(crate) fn flow(src: &str, dst: &str) -> Flow {
    Flow { protocol: 6, src: src.parse().unwrap(), dst: dst.parse().unwrap() }
}

pub(crate) fn event(netns: u32, flow: Flow, kind: EventKind) -> Event {
    Event {
        time_ns: 0,
        netns: NetnsId(netns),
        ifindex: 2,
        hook: HookId::TcIngress,
        port: Port::Known,
        flow,
        length: 1500,
        gso_segments: None,
        seq: 1,
        ip_id: 0,
        kind,
    }
}

const SERVER: &str = "192.0.2.10:80";
const INNER: &str = "172.17.0.2:33333";
const POD: &str = "10.42.0.108:40000";

fn no_nat() -> Table {
    Table { netns: 0, outer: flow(SERVER, SERVER), inner: flow(SERVER, SERVER) }
}

fn with_pids() -> Node {
    let mut node = incident().0;
    for (id, netns) in &mut node.netns {
        netns.pid = Some(id.0 * 100);
    }
    node
}

fn netns_of(ends: Ends) -> (Option<u32>, Option<u32>) {
    (ends.src.map(|e| e.netns.0), ends.dst.map(|e| e.netns.0))
}

#[test]
fn a_syn_leads_from_the_pods_address_to_the_inner_container() {
    let node = incident().0;
    let mut flows = Flows::default();
    let syn = |time_ns, netns, ifindex, egress, src| SynObservation {
        time_ns,
        netns: NetnsId(netns),
        ifindex,
        egress,
        peer: None,
        flow: flow(src, SERVER),
        mss: Some(1460),
        forged: false,
    };
    flows.syn((9, 0), syn(1, 2, 8, false, INNER));
    flows.syn((9, 0), syn(2, 2, 3, false, INNER));
    flows.syn((9, 0), syn(3, 1, 112, false, POD));
    // The node drops what the server sends to the pod's address.
    let dropped = event(1, flow(SERVER, POD), EventKind::Retransmit);
    let ends = ends(&dropped, &flows, &node, &no_nat());
    assert_eq!(netns_of(ends), (None, Some(3)));
    assert_eq!(ends.dst.unwrap().remote, "192.0.2.10".parse::<IpAddr>().unwrap());
}

#[test]
fn a_connection_of_a_container_that_is_gone_is_not_its_successors() {
    let mut node = incident().0;
    let mut flows = Flows::default();
    let client = SynObservation {
        time_ns: 1,
        netns: NetnsId(2),
        ifindex: 8,
        egress: false,
        peer: Some(NetnsId(3)),
        flow: flow(INNER, SERVER),
        mss: Some(1460),
        forged: false,
    };
    flows.syn((9, 0), client);
    flows.syn(
        (9, 0),
        SynObservation { time_ns: 2, netns: NetnsId(1), ifindex: 112, flow: flow(POD, SERVER), ..client },
    );
    // Another container got the address, by another pair of devices.
    let mut successor = node.netns.get_mut(&NetnsId(2)).unwrap().links.remove(&8).unwrap();
    successor.ifindex = 10;
    node.netns.get_mut(&NetnsId(2)).unwrap().links.insert(10, successor);
    let dropped = event(1, flow(SERVER, POD), EventKind::Retransmit);
    assert_eq!(netns_of(ends(&dropped, &flows, &node, &no_nat())), (None, None));
}

#[test]
fn a_syn_that_was_seen_only_after_nat_leads_on_to_the_inner_container() {
    let node = with_pids();
    let mut flows = Flows::default();
    // mtutrace was about to attach inside of the pod, or the pod just made a new network.
    for (time_ns, netns, ifindex, egress) in [(1, 2, 2, true), (2, 1, 112, false)] {
        let (netns, flow) = (NetnsId(netns), flow(POD, SERVER));
        flows.syn(
            (9, 0),
            SynObservation {
                time_ns,
                netns,
                ifindex,
                egress,
                peer: None,
                flow,
                mss: Some(1460),
                forged: false,
            },
        );
    }
    let table = Table { netns: 2, outer: flow(POD, SERVER), inner: flow(INNER, SERVER) };
    let dropped = event(1, flow(SERVER, POD), EventKind::Retransmit);
    assert_eq!(netns_of(ends(&dropped, &flows, &node, &table)), (None, Some(3)));
    assert_eq!(netns_of(ends(&dropped, &flows, &node, &no_nat())), (None, Some(2)));
}

#[test]
fn without_a_syn_the_pods_nat_table_tells() {
    let node = with_pids();
    let table = Table { netns: 2, outer: flow(POD, SERVER), inner: flow(INNER, SERVER) };
    let dropped = event(1, flow(SERVER, POD), EventKind::Retransmit);
    assert_eq!(netns_of(ends(&dropped, &Flows::default(), &node, &table)), (None, Some(3)));
    // A connection of the pod itself stays the pod's.
    let own = event(1, flow(SERVER, "10.42.0.108:1"), EventKind::Retransmit);
    assert_eq!(netns_of(ends(&own, &Flows::default(), &node, &table)), (None, Some(2)));
}

#[test]
fn a_syn_that_was_seen_from_the_pod_on_leads_further_in() {
    // The inner container's devices had no classifiers yet.
    let node = with_pids();
    let sees = |src| {
        let sighting = SynObservation {
            time_ns: 1,
            netns: NetnsId(1),
            ifindex: 112,
            egress: false,
            peer: None,
            flow: flow(src, SERVER),
            mss: Some(1460),
            forged: false,
        };
        let mut flows = Flows::default();
        flows.syn((9, 0), sighting);
        flows
    };
    let nat = Table { netns: 2, outer: flow(POD, SERVER), inner: flow(INNER, SERVER) };
    let dropped = event(1, flow(SERVER, POD), EventKind::Retransmit);
    assert_eq!(netns_of(ends(&dropped, &sees(POD), &node, &nat)), (None, Some(3)));
    // Without NAT the address tells.
    let dropped = event(1, flow(SERVER, INNER), EventKind::Retransmit);
    assert_eq!(netns_of(ends(&dropped, &sees(INNER), &node, &no_nat())), (None, Some(3)));
    // What the pod itself connects to stays the pod's.
    let dropped = event(1, flow(SERVER, POD), EventKind::Retransmit);
    assert_eq!(netns_of(ends(&dropped, &sees(POD), &node, &no_nat())), (None, Some(2)));
}

#[test]
fn the_inner_container_is_wrong_and_the_pod_is_not() {
    let node = incident().0;
    let wrong = mismatch(&node, NetnsId(3), Some("192.0.2.10".parse().unwrap())).unwrap();
    assert_eq!((wrong.culprit.interface.as_str(), wrong.culprit.mtu), ("docker0", 1500));
    assert_eq!((wrong.bottleneck.interface.as_str(), wrong.bottleneck.netns), ("eth0", NetnsId(2)));
    assert_eq!(wrong.path.last().map(Hop::id), Some(wrong.bottleneck.id()));
    assert_eq!(mismatch(&node, NetnsId(2), None), None);
    assert_eq!(mismatch(&node, NetnsId(1), None), None);
    assert_eq!(mismatch(&node, NetnsId(99), None), None);
}

fn shrink(node: Builder, own: u32, bridge: u32) -> Builder {
    let set = |mtu| move |link: &mut Link| link.mtu = mtu;
    node.edit(3, 7, set(own)).edit(2, 3, set(bridge))
}

#[test]
fn the_containers_own_device_decides_and_the_bridge_is_blamed_only_when_it_is_wrong() {
    // The fix: the container's device says 1450; whatever the bridge says, nothing too big is sent.
    assert_eq!(mismatch(&shrink(incident(), 1450, 1500).0, NetnsId(3), None), None);
    let only_bridge = mismatch(&shrink(incident(), 1500, 1450).0, NetnsId(3), None).unwrap();
    assert_eq!((only_bridge.culprit.interface.as_str(), only_bridge.culprit.netns), ("eth0", NetnsId(3)));
}

#[test]
fn a_neighbour_on_the_same_bridge_is_reached_at_full_size() {
    let node = incident()
        .pair((2, 18, "veth18", 1500), (4, 17, "eth0", 1500))
        .port(2, 18, 3)
        .address(4, 17, "172.17.0.3/16")
        .gateway(4, 17, "172.17.0.1")
        .container(4, "neighbour")
        .0;
    assert_eq!(mismatch(&node, NetnsId(3), Some("172.17.0.3".parse().unwrap())), None);
}

#[test]
fn a_small_pod_is_no_fault_of_the_server_that_sends_to_it() {
    let node = incident()
        .device(1, 20, "docker0", LinkKind::Bridge, 1500)
        .address(1, 20, "172.18.0.1/16")
        .pair((1, 21, "veth21", 1500), (5, 2, "eth0", 1500))
        .port(1, 21, 20)
        .address(5, 2, "172.18.0.2/16")
        .gateway(5, 2, "172.18.0.1")
        .container(5, "server")
        .0;
    assert_eq!(mismatch(&node, NetnsId(5), Some("10.42.0.108".parse().unwrap())), None);
    // Both are containers of this node: the one whose own network is wrong is charged.
    let e = event(1, flow("172.18.0.2:80", POD), EventKind::Retransmit);
    let table = Table { netns: 2, outer: flow(POD, "172.18.0.2:80"), inner: flow(INNER, "172.18.0.2:80") };
    let mut node = node;
    node.netns.get_mut(&NetnsId(2)).unwrap().pid = Some(200);
    let charged = attribute(ends(&e, &Flows::default(), &node, &table), &node).unwrap();
    assert_eq!(charged.netns, NetnsId(3));
    assert!(charged.mismatch.is_some());
}

#[test]
fn nobody_on_this_node_means_no_charge() {
    assert_eq!(attribute(Ends::default(), &incident().0), None);
}

/// A drop of which only the cause is known.
pub(crate) fn dropped(cause: DropCause) -> EventKind {
    EventKind::Drop {
        cause,
        reason: 2,
        location: 0,
        mtu: None,
        egress: None,
        device_mtu: None,
        icmp_too_big: false,
    }
}
