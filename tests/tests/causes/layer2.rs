//! Bridges and veths: no ICMP, and mostly not even a counter.

use mtutrace_tests::causes::{Count, Expected, Moving, Watch, await_count, packets, record, small_mtu};
use mtutrace_tests::check::skip;
use mtutrace_tests::lab::bridged::{Bridged, BridgedSpec, PORTS, bridge_netfilter};
use mtutrace_tests::lab::datagrams::{Discovery, Sent, udp_send};
use mtutrace_tests::lab::mib::rx_dropped;
use mtutrace_tests::lab::netns::NetNs;
use mtutrace_tests::lab::routed::Family;

use super::*;

/// Sends `count` datagrams that have DF and fit A's device.
fn send(lab: &Bridged, count: u64) {
    let to = Family::V4.discard(lab.b_address(Family::V4));
    let sent = udp_send(lab.a.place(), &to, payload(Family::V4, BIG), count, Discovery::Probe).unwrap();
    assert_eq!(sent, Sent { sent: count, refused: 0 });
}

type Places<'a> = &'a [(&'a NetNs, &'a [&'a str])];

/// Drops of what [`send`] sends, which nothing accompanies.
fn too_big<'a>(name: &'a str, cause: &'a str, places: Places<'a>, mtu: u32, count: u64) -> Expected<'a> {
    Expected {
        name,
        signal: "drop",
        cause: Some(cause),
        only: None,
        places,
        count: Count::Exactly(count),
        mtu: Some(mtu),
        length: Some(BIG),
        family: "ipv4",
        protocol: "udp",
        unknown: &[],
        companions: &[],
    }
}

#[test]
fn bridge_port() {
    if skip() {
        return;
    }
    let (mtu, count) = (small_mtu(), packets());
    let lab = Bridged::build(BridgedSpec { port_b: mtu, ..BridgedSpec::all(BIG) }).unwrap();
    let watch = Watch::start(&lab.namespaces()).unwrap();
    let (host_b, before) = (Moving::start(&lab.b.netns).unwrap(), egress(&lab));
    send(&lab, count);
    // No counter says it: one more of the largest that pass (mtu + 4, room for a VLAN tag) comes behind them.
    let to = Family::V4.discard(lab.b_address(Family::V4));
    let fits = payload(Family::V4, mtu + 4);
    udp_send(lab.a.place(), &to, fits, 1, Discovery::Probe).unwrap();
    assert_eq!(host_b.reach("UdpNoPorts", 1).unwrap(), 1);
    assert_eq!(egress(&lab) - before, 0, "dropped before the port's own counters");
    let places: Places<'_> = &[(&lab.switch, &["tob"])];
    watch.check(&too_big("bridge_port", "bridge_port", places, mtu, count)).unwrap();
}

/// What B's device has refused.
fn egress(lab: &Bridged) -> i64 {
    rx_dropped(&lab.b.netns, "eth0").unwrap()
}

#[test]
fn veth_peer() {
    if skip() {
        return;
    }
    let (mtu, count) = (small_mtu(), packets());
    let lab = Bridged::build(BridgedSpec { port_a: mtu, ..BridgedSpec::all(BIG) }).unwrap();
    let watch = Watch::start(&lab.namespaces()).unwrap();
    let before = rx_dropped(&lab.switch, "toa").unwrap();
    send(&lab, count);
    let dropped =
        await_count("rx_dropped of the far end", count, || Ok(rx_dropped(&lab.switch, "toa")? - before));
    assert_eq!(dropped.unwrap(), count);
    let places: Places<'_> = &[(&lab.a.netns, &["eth0"])];
    watch.check(&too_big("veth_peer", "veth_peer", places, mtu, count)).unwrap();
}

/// Makes the bridge show its packets to connection tracking, which puts fragments together.
const TRACKED: &str = "
table ip lab_tracked {
    chain forward {
        type filter hook forward priority 0;
        ct state established,new accept
    }
}";

/// The lab with a bridge that shows its packets to the firewall; none (and that is the record) where it cannot.
fn firewalled(name: &str, spec: BridgedSpec) -> Option<Bridged> {
    let lab = Bridged::build(spec).unwrap();
    if bridge_netfilter(&lab.switch, true).unwrap() {
        return Some(lab);
    }
    record(name, "- this kernel has no br_netfilter").unwrap();
    None
}

#[test]
fn br_netfilter() {
    const HUGE: u32 = 3000;
    if skip() {
        return;
    }
    let Some(lab) = firewalled("br_netfilter", BridgedSpec::all(BIG)) else { return };
    let count = packets();
    lab.switch.nft(TRACKED).unwrap();
    let watch = Watch::start(&lab.namespaces()).unwrap();
    let switch = Moving::start(&lab.switch).unwrap();
    let to = Family::V4.discard(lab.b_address(Family::V4));
    udp_send(lab.a.place(), &to, payload(Family::V4, HUGE), count, Discovery::Fragment).unwrap();
    assert_eq!(switch.reach("IpFragOKs", count).unwrap(), count);
    assert_eq!(switch.now().unwrap().get("IpReasmOKs"), count as i64, "they crossed the bridge whole");
    let expected = Expected {
        name: "br_netfilter",
        signal: "fragmented",
        cause: None,
        only: None,
        // A classifier sees the fragments that A made already when they come in; where this namespace is seen making
        // them, it is with the route that br_netfilter lends its packets.
        places: &[(&lab.switch, &[PORTS[0], PORTS[1], "br0"])],
        count: Count::Exactly(count),
        mtu: Some(BIG),
        length: Some(HUGE),
        family: "ipv4",
        protocol: "udp",
        unknown: &[],
        companions: &["fragmented"],
    };
    watch.check(&expected).unwrap();
}

/// The same cause as [`bridge_port`] to who reads it, but at the exact MTU, and with a counter.
#[test]
fn br_netfilter_df() {
    if skip() {
        return;
    }
    let (mtu, count) = (BIG - 2, packets());
    let spec = BridgedSpec { port_b: mtu, ..BridgedSpec::all(BIG) };
    let Some(lab) = firewalled("br_netfilter_df", spec) else { return };
    let watch = Watch::start(&lab.namespaces()).unwrap();
    let switch = Moving::start(&lab.switch).unwrap();
    send(&lab, count);
    assert_eq!(switch.reach("IpFragFails", count).unwrap(), count);
    // br_netfilter lends its packets a route of its own, which ends at the bridge.
    let places: Places<'_> = &[(&lab.switch, &["tob", "br0"])];
    watch.check(&too_big("br_netfilter_df", "bridge_port", places, mtu, count)).unwrap();
}
