//! Ten thousand ordinary packets of each kind, and not one false signal.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::time::Duration;

use mtutrace_tests::causes::{Moving, Watch, await_count};
use mtutrace_tests::check::skip;
use mtutrace_tests::lab::bridged::{Bridged, BridgedSpec, PORTS};
use mtutrace_tests::lab::container::Container;
use mtutrace_tests::lab::datagrams::{Discovery, Sent, udp_send};
use mtutrace_tests::lab::offload;
use mtutrace_tests::lab::routed::{Family, Routed, RoutedSpec};
use mtutrace_tests::lab::traffic::{HttpServer, Transfer};

const PACKETS: u64 = 10_000;
const MTU: u32 = 1500;
const JUMBO: u32 = 9000;
const PATIENCE: Duration = Duration::from_secs(60);
/// Bytes of the IPv4 header, the TCP header and its timestamps.
const TCP_OVERHEAD: u32 = 20 + 20 + 12;

/// Half of the packets from A to B, the other half back: full segments all of them.
fn transfers(a: &Container, b: &Container, mtu: u32) {
    let bytes = u64::from(mtu - TCP_OVERHEAD) * PACKETS / 2;
    let _server = HttpServer::start(b.place(), 80).unwrap();
    let (from_a, from_b) = (Moving::start(&a.netns).unwrap(), Moving::start(&b.netns).unwrap());
    let url = |bytes: u64| format!("http://{}/{bytes}", b.address);
    let mut up = Transfer::put(a.place(), &url(0), bytes as usize, PATIENCE).unwrap();
    assert!(up.finish().unwrap().complete);
    let mut down = Transfer::get(a.place(), &url(bytes), PATIENCE).unwrap();
    assert!(down.finish().unwrap().complete);
    // The kernel counts a super-packet as the segments that it stands for.
    let out = from_a.now().unwrap().get("TcpOutSegs") + from_b.now().unwrap().get("TcpOutSegs");
    assert!(out >= PACKETS as i64, "only {out} segments");
}

#[test]
fn routed_tcp_in_super_packets() {
    if skip() {
        return;
    }
    let lab = Routed::build(RoutedSpec::default()).unwrap();
    let watch = Watch::start(&lab.namespaces()).unwrap();
    transfers(&lab.a, &lab.b, MTU);
    watch.silence(&[&lab.a, &lab.b], &[]).unwrap();
}

#[test]
fn routed_tcp_in_single_segments() {
    if skip() {
        return;
    }
    let lab = Routed::build(RoutedSpec::default()).unwrap();
    let devices =
        [(&lab.a.netns, "eth0"), (&lab.router, "toa"), (&lab.router, "tob"), (&lab.b.netns, "eth0")];
    for (netns, device) in devices {
        offload::switch_off(netns, device).unwrap();
    }
    let watch = Watch::start(&lab.namespaces()).unwrap();
    let router = Moving::start(&lab.router).unwrap();
    transfers(&lab.a, &lab.b, MTU);
    let forwarded = router.now().unwrap().get("IpForwDatagrams");
    assert!(forwarded >= PACKETS as i64, "{forwarded} packets: some offload is still on");
    watch.silence(&[&lab.a, &lab.b], &[]).unwrap();
}

#[test]
fn jumbo_frames_on_a_bridge() {
    if skip() {
        return;
    }
    let lab = Bridged::build(BridgedSpec::all(JUMBO)).unwrap();
    let watch = Watch::start(&lab.namespaces()).unwrap();
    transfers(&lab.a, &lab.b, JUMBO);
    watch.silence(&[&lab.a, &lab.b], &[]).unwrap();
}

#[test]
fn jumbo_datagrams_on_a_bridge_without_offloads() {
    if skip() {
        return;
    }
    let lab = Bridged::build(BridgedSpec::all(JUMBO)).unwrap();
    for (netns, device) in
        [(&lab.a.netns, "eth0"), (&lab.switch, PORTS[0]), (&lab.switch, PORTS[1]), (&lab.b.netns, "eth0")]
    {
        offload::switch_off(netns, device).unwrap();
    }
    let watch = Watch::start(&lab.namespaces()).unwrap();
    let host = Moving::start(&lab.b.netns).unwrap();
    let size = JUMBO - Family::V4.udp_overhead();
    let sent =
        udp_send(lab.a.place(), &Family::V4.discard(&lab.b.address), size, PACKETS, Discovery::Df).unwrap();
    assert_eq!(sent, Sent { sent: PACKETS, refused: 0 });
    host.reach("UdpNoPorts", PACKETS).unwrap();
    watch.silence(&[&lab.a, &lab.b], &[]).unwrap();
}

/// UDP in legal fragments, over equal MTUs, until that many have arrived.
fn fragments(a: &Container, b: &Container, family: Family, address: &str, counter: &str) {
    const SIZE: u32 = 60_000;
    // Each makes more than 40 of them.
    let datagrams = PACKETS / 40;
    let host = Moving::start(&b.netns).unwrap();
    udp_send(a.place(), &family.discard(address), SIZE, datagrams, Discovery::Fragment).unwrap();
    let arrived = await_count(counter, datagrams, || Ok(host.now()?.get(counter)));
    arrived.unwrap_or_else(|error| panic!("{error}: {:?}", host.now()));
}

#[test]
fn legal_fragments_through_a_router() {
    if skip() {
        return;
    }
    let lab = Routed::build(RoutedSpec::default()).unwrap();
    let watch = Watch::start(&lab.namespaces()).unwrap();
    for (family, counter) in [(Family::V4, "IpReasmOKs"), (Family::V6, "Ip6ReasmOKs")] {
        fragments(&lab.a, &lab.b, family, lab.b_address(family), counter);
    }
    watch.silence(&[&lab.a, &lab.b], &["fragmented"]).unwrap();
}

#[test]
fn legal_fragments_on_a_bridge() {
    if skip() {
        return;
    }
    let lab = Bridged::build(BridgedSpec::all(MTU)).unwrap();
    let watch = Watch::start(&lab.namespaces()).unwrap();
    for (family, counter) in [(Family::V4, "IpReasmOKs"), (Family::V6, "Ip6ReasmOKs")] {
        fragments(&lab.a, &lab.b, family, lab.b_address(family), counter);
    }
    watch.silence(&[&lab.a, &lab.b], &["fragmented"]).unwrap();
}
