//! Every cause of a too-big packet on its own: N packets, N counts of the kernel's own counter, N events.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

mod forward;
mod icmp;
mod layer2;
mod output;
mod reassembly;
mod tunnel;

use mtutrace_tests::lab::routed::{Family, Routed, RoutedSpec};

/// L3 length of the datagrams that are too big somewhere.
const BIG: u32 = 1500;

/// What may come with packets that a router drops for their DF.
const WITH_FORWARD_DF: [&str; 4] = ["oversized", "icmp_sent", "icmp_seen", "pmtu_updated"];

/// Payload that makes a UDP datagram of that L3 length.
fn payload(family: Family, length: u32) -> u32 {
    length - family.udp_overhead()
}

/// A router whose way to B is smaller than A's link.
fn narrow_router(mtu: u32) -> Routed {
    Routed::build(RoutedSpec { egress: mtu, b: mtu, ..RoutedSpec::default() }).unwrap()
}
