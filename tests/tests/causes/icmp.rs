//! What becomes of the message that would tell the sender.

use mtutrace_tests::causes::{Count, Expected, Moving, Watch, packets, small_mtu};
use mtutrace_tests::check::skip;
use mtutrace_tests::lab::datagrams::{Discovery, udp_send};
use mtutrace_tests::lab::nft::drop_frag_needed;
use mtutrace_tests::lab::routed::Family;

use super::*;

fn send(lab: &Routed, family: Family, count: u64) {
    let to = family.discard(lab.b_address(family));
    udp_send(lab.a.place(), &to, payload(family, BIG), count, Discovery::Probe).unwrap();
}

#[test]
fn icmp_filtered() {
    if skip() {
        return;
    }
    let (mtu, count) = (small_mtu(), packets());
    let lab = narrow_router(mtu);
    lab.a.netns.nft(&drop_frag_needed("input")).unwrap();
    let watch = Watch::start(&lab.namespaces()).unwrap();
    let router = Moving::start(&lab.router).unwrap();
    let host = Moving::start(&lab.a.netns).unwrap();
    send(&lab, Family::V4, count);
    let messages = router.reach("IcmpOutDestUnreachs", count).unwrap();
    assert_eq!(messages, count, "one for each: they are exempt from the limits of rate");
    assert_eq!(host.now().unwrap().get("IcmpInDestUnreachs"), 0, "the firewall was before ICMP's counters");
    let expected = Expected {
        name: "icmp_filtered",
        signal: "drop",
        cause: Some("icmp_filtered"),
        only: None,
        // The way of the message itself ends at A's loopback device.
        places: &[(&lab.a.netns, &["eth0", "lo"])],
        count: Count::Exactly(messages),
        mtu: Some(mtu),
        length: Some(BIG),
        family: "ipv4",
        protocol: "udp",
        unknown: &[],
        companions: &["drop/forward_df", "icmp_sent", "icmp_seen", "oversized"],
    };
    watch.check(&expected).unwrap();
}

fn pmtu_updated(name: &str, family: Family, counter: &str) {
    let (mtu, count) = (small_mtu(), packets());
    let lab = narrow_router(mtu);
    let watch = Watch::start(&lab.namespaces()).unwrap();
    let host = Moving::start(&lab.a.netns).unwrap();
    send(&lab, family, count);
    assert_eq!(host.reach(counter, count).unwrap(), count);
    let learned = lab.a.netns.ip(&format!("route get {}", lab.b_address(family))).unwrap();
    assert!(learned.contains(&format!("mtu {mtu}")), "{learned}");
    let expected = Expected {
        name,
        signal: "pmtu_updated",
        cause: None,
        only: None,
        places: &[(&lab.a.netns, &["eth0"])],
        count: Count::AtLeast(1),
        mtu: Some(mtu),
        length: None,
        family: family.name(),
        protocol: "udp",
        // A route has learned it, not a packet.
        unknown: &["protocol", "interface"],
        companions: &["drop/forward_df", "oversized", "icmp_sent", "icmp_seen"],
    };
    watch.check(&expected).unwrap();
}

#[test]
fn pmtu_updated_v4() {
    if !skip() {
        pmtu_updated("pmtu_updated_v4", Family::V4, "IcmpInDestUnreachs");
    }
}

#[test]
fn pmtu_updated_v6() {
    if !skip() {
        pmtu_updated("pmtu_updated_v6", Family::V6, "Icmp6InPktTooBigs");
    }
}
