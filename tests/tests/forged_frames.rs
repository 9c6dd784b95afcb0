//! A container that writes its neighbour's addresses into its frames, MAC and IP, frames nobody: the bridge says that the address has
//! moved, and what two ports claim is nobody's.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::process::Command;
use std::time::Duration;

use etherparse::PacketBuilder;
use mtutrace_tests::check::skip;
use mtutrace_tests::lab::frames::Frames;
use mtutrace_tests::lab::incident::{Incident, IncidentSpec, SERVER};
use mtutrace_tests::lab::netns::NetNs;
use mtutrace_tests::lab::tracer::Tracer;
use serde_json::Value;

const SOON: Duration = Duration::from_secs(20);
const FRAMES: u32 = 50;
/// Fills the inner network's MTU of 1500, and not the pod's of 1450.
const PAYLOAD: [u8; 1460] = [0; 1460];

fn mac(netns: &NetNs, device: &str) -> [u8; 6] {
    let shown = Command::new("ip").args(["-n", netns.name(), "-j", "link", "show", device]).output().unwrap();
    let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
    let bytes = shown[0]["address"].as_str().unwrap().split(':');
    let bytes: Vec<u8> = bytes.map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect();
    bytes.try_into().unwrap()
}

fn address(text: &str) -> [u8; 4] {
    text.parse::<std::net::Ipv4Addr>().unwrap().octets()
}

#[test]
fn a_neighbour_s_addresses_frame_nobody() {
    if skip() {
        return;
    }
    let mut lab = Incident::build(IncidentSpec::default()).unwrap();
    lab.add_neighbour().unwrap();
    let innocent = &lab.added[0];
    let mut tracer = Tracer::start(&["--duration", "120s"]).unwrap();
    let (from, to) = (mac(&innocent.netns, "eth0"), mac(&lab.pod.netns, "docker0"));
    let attacker = Frames::open(&lab.inner.netns, "eth0", SOON).unwrap();
    for number in 0..FRAMES {
        let builder = PacketBuilder::ethernet2(from, to)
            .ipv4(address(&innocent.address), address(SERVER), 64)
            .tcp(40_000, 80, number, 1000)
            .ack(1);
        let mut frame = Vec::with_capacity(builder.size(PAYLOAD.len()));
        builder.write(&mut frame, &PAYLOAD).unwrap();
        attacker.send(&frame).unwrap();
    }
    let of_innocent = |line: &Value| line["kind"] == "event" && line["src"] == innocent.address.as_str();
    let wanted = |line: &Value| of_innocent(line) && line["signal"] == "drop";
    tracer.wait_for("a forged packet's death", SOON, wanted).unwrap();
    let end = tracer.interrupt().unwrap();
    let framed = |line: &&Value| {
        line["container"]["id"] == innocent.id.as_str() && (line["kind"] == "verdict" || of_innocent(line))
    };
    let all: Vec<Value> = [end.of_kind("event"), end.of_kind("verdict")].concat();
    assert_eq!(all.iter().find(framed), None);
    let status = end.last_of_kind("status").pop().unwrap();
    assert!(status["forged"].as_u64() >= Some(u64::from(FRAMES)), "{status}");
}
