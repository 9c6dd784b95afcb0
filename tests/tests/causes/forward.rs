//! What a router does with packets larger than the MTU of its way out.

use std::time::Duration;

use mtutrace_tests::causes::{Count, Expected, Moving, Watch, packets, small_mtu};
use mtutrace_tests::check::skip;
use mtutrace_tests::lab::datagrams::{Discovery, Sent, udp_send};
use mtutrace_tests::lab::routed::{Family, RoutedSpec};
use mtutrace_tests::lab::traffic::{HttpServer, Transfer};

use super::*;

/// The name of the scenario, and the counter that proves it.
fn forward_df(name: &str, family: Family, counter: &str) {
    let (mtu, count) = (small_mtu(), packets());
    let lab = narrow_router(mtu);
    let watch = Watch::start(&lab.namespaces()).unwrap();
    let router = Moving::start(&lab.router).unwrap();
    let to = family.discard(lab.b_address(family));
    let sent = udp_send(lab.a.place(), &to, payload(family, BIG), count, Discovery::Probe).unwrap();
    assert_eq!(sent, Sent { sent: count, refused: 0 });
    assert_eq!(router.reach(counter, count).unwrap(), count);
    let expected = Expected {
        name,
        signal: "drop",
        cause: Some("forward_df"),
        only: None,
        places: &[(&lab.router, &["toa", "tob"])],
        count: Count::Exactly(count),
        mtu: Some(mtu),
        length: Some(BIG),
        family: family.name(),
        protocol: "udp",
        unknown: &[],
        companions: &WITH_FORWARD_DF,
    };
    watch.check(&expected).unwrap();
}

#[test]
fn forward_df_v4() {
    if !skip() {
        forward_df("forward_df_v4", Family::V4, "IpFragFails");
    }
}

#[test]
fn forward_df_v6() {
    if !skip() {
        // Ip6FragFails moves with it.
        forward_df("forward_df_v6", Family::V6, "Ip6InTooBigErrors");
    }
}

#[test]
fn fragment_forward_v4() {
    if skip() {
        return;
    }
    let (mtu, count) = (small_mtu(), packets());
    let lab = narrow_router(mtu);
    let watch = Watch::start(&lab.namespaces()).unwrap();
    let router = Moving::start(&lab.router).unwrap();
    let to = Family::V4.discard(lab.b_address(Family::V4));
    udp_send(lab.a.place(), &to, payload(Family::V4, BIG), count, Discovery::Fragment).unwrap();
    assert_eq!(router.reach("IpFragOKs", count).unwrap(), count);
    assert_eq!(router.now().unwrap().get("IpFragFails"), 0);
    let expected = Expected {
        name: "fragment_forward_v4",
        signal: "fragmented",
        cause: None,
        only: None,
        places: &[(&lab.router, &["toa", "tob"])],
        count: Count::Exactly(count),
        mtu: Some(mtu),
        length: Some(BIG),
        family: "ipv4",
        protocol: "udp",
        unknown: &[],
        companions: &["oversized"],
    };
    watch.check(&expected).unwrap();
}

#[test]
fn gso_forward() {
    if skip() {
        return;
    }
    const BYTES: usize = 300_000;
    const PATIENCE: Duration = Duration::from_secs(20);
    let mtu = small_mtu();
    // B promises segments of 1500: nothing but the router's own device is small.
    let lab = Routed::build(RoutedSpec { egress: mtu, ..RoutedSpec::default() }).unwrap();
    let _server = HttpServer::start(lab.b.place(), 80).unwrap();
    let watch = Watch::start(&lab.namespaces()).unwrap();
    let router = Moving::start(&lab.router).unwrap();
    let url = format!("http://{}/0", lab.b_address(Family::V4));
    assert!(Transfer::put(lab.a.place(), &url, BYTES, PATIENCE).unwrap().finish().unwrap().complete);
    let drops = router.reach("IpFragFails", 1).unwrap();
    let expected = Expected {
        name: "gso_forward",
        signal: "drop",
        cause: Some("forward_df"),
        only: None,
        places: &[(&lab.router, &["toa", "tob"])],
        count: Count::Exactly(drops),
        mtu: Some(mtu),
        length: Some(BIG),
        family: "ipv4",
        protocol: "tcp",
        unknown: &[],
        companions: &[
            "oversized",
            "icmp_sent",
            "icmp_seen",
            "pmtu_updated",
            "retransmit",
            "mss_exceeds_path",
        ],
    };
    let events = watch.check(&expected).unwrap();
    let super_packets = events.iter().filter(|event| event["gso_segments"].as_u64() >= Some(2)).count();
    assert!(super_packets >= 1, "{events:#?}");
}
