//! VXLAN over an underlay that is too small for it.

use mtutrace_tests::causes::{Count, Expected, Moving, Watch, packets, small_mtu};
use mtutrace_tests::check::skip;
use mtutrace_tests::lab::datagrams::{Discovery, Sent, udp_send};
use mtutrace_tests::lab::routed::Family;
use mtutrace_tests::lab::vxlan::{OVERHEAD, Vxlan, VxlanSpec};

use super::*;

/// What the node learns about the hosts' route when a packet is too big for the tunnel's own.
const LEARNED: [&str; 2] = ["pmtu_updated", "oversized"];

fn build(bridged: bool, df: bool) -> (u32, u64, Vxlan) {
    let underlay = small_mtu();
    let lab = Vxlan::build(VxlanSpec { underlay, overlay: BIG, bridged, df }).unwrap();
    (underlay, packets(), lab)
}

/// A sends `count` datagrams with DF that fit its own device.
fn send(lab: &Vxlan, count: u64) {
    let to = Family::V4.discard(&lab.b_address());
    let sent = udp_send(lab.a.place(), &to, payload(Family::V4, BIG), count, Discovery::Probe).unwrap();
    assert_eq!(sent, Sent { sent: count, refused: 0 });
}

#[test]
fn vxlan_routed() {
    if skip() {
        return;
    }
    let (underlay, count, lab) = build(false, false);
    let watch = Watch::start(&lab.namespaces()).unwrap();
    let node = Moving::start(&lab.node_a).unwrap();
    send(&lab, count);
    assert_eq!(node.reach("IpFragOKs", count).unwrap(), count);
    let expected = Expected {
        name: "vxlan_routed",
        signal: "fragmented",
        cause: None,
        only: None,
        places: &[(&lab.node_a, &["eth0"])],
        count: Count::Exactly(count),
        mtu: Some(underlay),
        length: Some(BIG + OVERHEAD),
        family: "ipv4",
        protocol: "udp",
        unknown: &[],
        // Classifiers see the same fragments arrive at the other node.
        companions: &["fragmented", LEARNED[0], LEARNED[1]],
    };
    watch.check(&expected).unwrap();
}

#[test]
fn fragment_failed_v4() {
    if skip() {
        return;
    }
    let (underlay, count, lab) = build(false, true);
    let watch = Watch::start(&lab.namespaces()).unwrap();
    let node = Moving::start(&lab.node_a).unwrap();
    send(&lab, count);
    assert_eq!(node.reach("IpFragFails", count).unwrap(), count);
    let expected = Expected {
        name: "fragment_failed_v4",
        signal: "frag_failed",
        cause: None,
        only: None,
        places: &[(&lab.node_a, &["eth0"])],
        count: Count::Exactly(count),
        mtu: Some(underlay),
        length: Some(BIG + OVERHEAD),
        family: "ipv4",
        protocol: "udp",
        unknown: &[],
        companions: &["icmp_sent", "icmp_seen", LEARNED[0], LEARNED[1]],
    };
    watch.check(&expected).unwrap();
}

#[test]
fn vxlan_bridged() {
    if skip() {
        return;
    }
    let (underlay, count, lab) = build(true, false);
    let watch = Watch::start(&lab.namespaces()).unwrap();
    let (host, node) = (Moving::start(&lab.a.netns).unwrap(), Moving::start(&lab.node_a).unwrap());
    send(&lab, count);
    assert_eq!(host.reach("IcmpInDestUnreachs", count).unwrap(), count);
    assert_eq!(node.now().unwrap().get("IcmpOutDestUnreachs"), 0, "the tunnel made the answers itself");
    let expected = Expected {
        name: "vxlan_bridged",
        signal: "drop",
        cause: Some("tunnel"),
        only: Some("kprobe:skb_tunnel_check_pmtu"),
        places: &[(&lab.node_a, &["vxlan0", "host", "br0", "eth0"])],
        count: Count::Exactly(count),
        mtu: Some(underlay - OVERHEAD),
        length: Some(BIG),
        family: "ipv4",
        protocol: "udp",
        unknown: &[],
        companions: &["icmp_seen", "pmtu_updated"],
    };
    watch.check(&expected).unwrap();
}
