//! Between bridge ports and veth ends of different MTU nobody sends ICMP: packets vanish, and mtutrace says between which.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::time::Duration;

use mtutrace_tests::causes::small_mtu;
use mtutrace_tests::check::{assert_only_verdict, fix_names, is_verdict, skip};
use mtutrace_tests::lab::bridged::{Bridged, BridgedSpec};
use mtutrace_tests::lab::datagrams::{Discovery, udp_send};
use mtutrace_tests::lab::netns::NetNs;
use mtutrace_tests::lab::offload;
use mtutrace_tests::lab::routed::Family;
use mtutrace_tests::lab::tracer::Tracer;
use mtutrace_tests::lab::traffic::{HttpServer, Transfer};
use serde_json::Value;

const BIG: u32 = 1500;
const BYTES: usize = 300_000;
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits for the verdict about the container behind the narrow port; it must name the two devices and both of their numbers.
fn verdict(tracer: &mut Tracer, about: &str, severity: &str, narrow: (&NetNs, &str, u32)) -> Value {
    let wanted = |line: &Value| {
        is_verdict(line, "silent_l2_drop", about) && line["severity"] == severity && line["active"] == true
    };
    let found = tracer.wait_for("silent_l2_drop about who is behind it", PATIENCE, wanted).unwrap();
    let (netns, interface, mtu) = narrow;
    assert_eq!(found["bottleneck"]["interface"], interface, "{found}");
    assert_eq!(found["bottleneck"]["netns"], netns.inode().unwrap(), "{found}");
    assert_eq!(found["bottleneck"]["mtu"], mtu, "{found}");
    // All but that port have one number.
    assert_eq!(found["culprit"], found["bottleneck"], "{found}");
    assert!(fix_names(&found, BIG) && fix_names(&found, mtu), "{found}");
    found
}

fn datagrams(lab: &Bridged) {
    let to = Family::V4.discard(lab.b_address(Family::V4));
    udp_send(lab.a.place(), &to, BIG - 28, 5, Discovery::Probe).unwrap();
}

/// The fix that it prints first, with the same command. Without a shell: busybox's would take its own `ip`.
fn apply(verdict: &Value) {
    let command = verdict["fix"][0]["command"].as_str().unwrap();
    let mut words = command.split(' ');
    let status = std::process::Command::new(words.next().unwrap()).args(words).status().unwrap();
    assert!(status.success(), "{command}");
}

#[test]
fn a_bridge_port_that_is_too_small() {
    if skip() {
        return;
    }
    let mtu = small_mtu();
    let lab = Bridged::build(BridgedSpec { port_b: mtu, ..BridgedSpec::all(BIG) }).unwrap();
    let mut tracer = Tracer::start(&["--duration", "60s", "--exit-code", "--container", &lab.b.id]).unwrap();
    datagrams(&lab);
    let found = verdict(&mut tracer, &lab.b.id, "warning", (&lab.switch, "tob", mtu));
    assert_eq!(found["path"][0]["netns"], lab.a.netns.inode().unwrap(), "{found}");
    apply(&found);
    let gone = |line: &Value| is_verdict(line, "silent_l2_drop", &lab.b.id) && line["active"] == false;
    tracer.wait_for("active: false", PATIENCE, gone).unwrap();
    assert_eq!(tracer.interrupt().unwrap().code, Some(1));
}

#[test]
fn a_veth_whose_other_end_is_too_small() {
    if skip() {
        return;
    }
    let mtu = small_mtu();
    let lab = Bridged::build(BridgedSpec { port_a: mtu, ..BridgedSpec::all(BIG) }).unwrap();
    let mut tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    datagrams(&lab);
    verdict(&mut tracer, &lab.a.id, "warning", (&lab.switch, "toa", mtu));
    tracer.interrupt().unwrap();
}

#[test]
fn tcp_in_single_segments_stalls() {
    if skip() {
        return;
    }
    let mtu = small_mtu();
    let lab = Bridged::build(BridgedSpec { port_b: mtu, ..BridgedSpec::all(BIG) }).unwrap();
    // Super-packets would pass.
    offload::switch_off(&lab.a.netns, "eth0").unwrap();
    let _server = HttpServer::start(lab.b.place(), 80).unwrap();
    let mut tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    let url = format!("http://{}/0", lab.b_address(Family::V4));
    let _upload = Transfer::put(lab.a.place(), &url, BYTES, PATIENCE).unwrap();
    verdict(&mut tracer, &lab.b.id, "critical", (&lab.switch, "tob", mtu));
    assert_only_verdict(&tracer.interrupt().unwrap(), "silent_l2_drop", &lab.b.id);
}
