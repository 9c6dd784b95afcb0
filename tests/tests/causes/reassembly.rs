//! Fragments whose others do not come.

use mtutrace_tests::causes::{Count, Expected, Moving, Watch, await_count, packets};
use mtutrace_tests::check::skip;
use mtutrace_tests::lab::datagrams::{Discovery, first_fragments, udp_send};
use mtutrace_tests::lab::routed::Family;

use super::*;

/// Bytes behind the IP header of a first fragment: a multiple of 8.
const PIECE: u32 = 1000;

fn reassembly(name: &str, family: Family, timeout: &str, counter: &str) {
    let count = packets();
    let lab = Routed::build(RoutedSpec::default()).unwrap();
    lab.b.netns.sysctl(timeout, "1").unwrap();
    let watch = Watch::start(&lab.namespaces()).unwrap();
    let host = Moving::start(&lab.b.netns).unwrap();
    let to = family.discard(lab.b_address(family));
    assert_eq!(first_fragments(lab.a.place(), &to, PIECE, count).unwrap().sent, count);
    assert_eq!(host.reach(counter, count).unwrap(), count);
    let headers = family.udp_overhead() - 8 + if family == Family::V6 { 8 } else { 0 };
    let expected = Expected {
        name,
        signal: "reassembly_failed",
        cause: None,
        only: None,
        places: &[(&lab.b.netns, &["eth0"])],
        count: Count::Exactly(count),
        mtu: None,
        length: Some(PIECE + headers),
        family: family.name(),
        protocol: "udp",
        // When the time is up, what is left is a queue of pieces.
        unknown: &["interface", "length"],
        companions: &["fragmented"],
    };
    watch.check(&expected).unwrap();
}

#[test]
fn reassembly_v4() {
    if !skip() {
        reassembly("reassembly_v4", Family::V4, "net/ipv4/ipfrag_time", "IpReasmTimeout");
    }
}

#[test]
fn reassembly_v6() {
    if !skip() {
        reassembly("reassembly_v6", Family::V6, "net/ipv6/ip6frag_time", "Ip6ReasmTimeout");
    }
}

/// As firewalls do that want to see ports.
const DROP_LATER_FRAGMENTS: &str = "
table ip lab_fragments {
    chain forward {
        type filter hook forward priority 0;
        ip frag-off & 0x1fff != 0 counter drop
    }
}";

#[test]
fn fragment_filtered() {
    if skip() {
        return;
    }
    // Two pieces each: one passes, one does not.
    const HUGE: u32 = 2000;
    let count = packets();
    let lab = Routed::build(RoutedSpec::default()).unwrap();
    lab.router.nft(DROP_LATER_FRAGMENTS).unwrap();
    let watch = Watch::start(&lab.namespaces()).unwrap();
    let to = Family::V4.discard(lab.b_address(Family::V4));
    udp_send(lab.a.place(), &to, payload(Family::V4, HUGE), count, Discovery::Fragment).unwrap();
    let dropped = await_count("the firewall's counter", count, || lab.router.nft_packets());
    assert_eq!(dropped.unwrap(), count);
    let expected = Expected {
        name: "fragment_filtered",
        signal: "drop",
        cause: Some("fragment_filtered"),
        only: None,
        places: &[(&lab.router, &["toa", "tob"])],
        count: Count::Exactly(count),
        mtu: None,
        // 1480 bytes of the 1980 behind the IP header are in the first piece.
        length: Some(20 + HUGE - BIG),
        family: "ipv4",
        protocol: "udp",
        unknown: &[],
        companions: &["fragmented", "reassembly_failed"],
    };
    watch.check(&expected).unwrap();
}
