//! What a host's own stack does with its own datagrams that are larger than its device.

use mtutrace_tests::causes::{Count, Expected, Moving, Watch, packets, small_mtu};
use mtutrace_tests::check::skip;
use mtutrace_tests::lab::datagrams::{Discovery, Sent, udp_send};
use mtutrace_tests::lab::routed::{Family, RoutedSpec};

use super::*;

/// Larger than the device, and in how many pieces does not matter.
const HUGE: u32 = 3000;

/// A small link between A and the router; all traffic goes to the router itself, so that it crosses one device only.
fn narrow_host(mtu: u32) -> Routed {
    Routed::build(RoutedSpec { a: mtu, ..RoutedSpec::default() }).unwrap()
}

fn local_df(name: &str, family: Family, args: &[&str]) {
    let (mtu, count) = (small_mtu(), packets());
    let lab = narrow_host(mtu);
    let watch = Watch::start_with(&lab.namespaces(), args).unwrap();
    let to = family.discard(lab.router_address(family));
    let sent = udp_send(lab.a.place(), &to, payload(family, BIG), count, Discovery::Df).unwrap();
    assert_eq!(sent, Sent { sent: 0, refused: count });
    let expected = Expected {
        name,
        signal: "drop",
        cause: Some("local_df"),
        only: None,
        places: &[(&lab.a.netns, &["eth0"])],
        count: Count::Exactly(count),
        mtu: Some(mtu),
        length: Some(BIG),
        family: family.name(),
        protocol: "udp",
        // The packet was never made: the kernel has the socket, and tells it the MTU.
        unknown: &["interface", "length", "mtu"],
        companions: &[],
    };
    watch.check(&expected).unwrap();
}

#[test]
fn local_df_v4() {
    if !skip() {
        local_df("local_df_v4", Family::V4, &[]);
    }
}

#[test]
fn local_df_v6() {
    if !skip() {
        local_df("local_df_v6", Family::V6, &[]);
    }
}

fn fragment_output(name: &str, family: Family, counter: &str, args: &[&str]) {
    let (mtu, count) = (small_mtu(), packets());
    let lab = narrow_host(mtu);
    let watch = Watch::start_with(&lab.namespaces(), args).unwrap();
    let host = Moving::start(&lab.a.netns).unwrap();
    let to = family.discard(lab.router_address(family));
    let sent = udp_send(lab.a.place(), &to, payload(family, HUGE), count, Discovery::Fragment).unwrap();
    assert_eq!(sent, Sent { sent: count, refused: 0 });
    assert_eq!(host.reach(counter, count).unwrap(), count);
    let expected = Expected {
        name,
        signal: "fragmented",
        cause: None,
        only: None,
        // A classifier sees them first where they arrive: the only device of a leaf has none.
        places: &[(&lab.a.netns, &["eth0"]), (&lab.router, &["toa"])],
        count: Count::Exactly(count),
        mtu: Some(mtu),
        length: Some(HUGE),
        family: family.name(),
        protocol: "udp",
        unknown: &[],
        companions: &[],
    };
    watch.check(&expected).unwrap();
}

#[test]
fn fragment_output_v4() {
    if !skip() {
        fragment_output("fragment_output_v4", Family::V4, "IpFragOKs", &[]);
    }
}

#[test]
fn fragment_output_v6() {
    if !skip() {
        fragment_output("fragment_output_v6", Family::V6, "Ip6FragOKs", &[]);
    }
}

/// As on a kernel without kprobes: tracepoints and TC stand in, also where kprobes would work.
const NO_KPROBES: &[&str] = &["--no-kprobes"];

#[test]
fn local_df_v4_by_fallback() {
    if !skip() {
        local_df("local_df_v4_by_fallback", Family::V4, NO_KPROBES);
    }
}

#[test]
fn fragment_output_v6_by_fallback() {
    if !skip() {
        fragment_output("fragment_output_v6_by_fallback", Family::V6, "Ip6FragOKs", NO_KPROBES);
    }
}
