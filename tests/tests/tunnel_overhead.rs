//! A tunnel that leaves no room for its headers: named, with the number that fits, whatever happens to the packets.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::process::Command;
use std::time::Duration;

use mtutrace_tests::check::{fix_names, is_verdict, skip};
use mtutrace_tests::lab::tracer::{Tracer, binary};
use mtutrace_tests::lab::traffic::{HttpServer, Transfer};
use mtutrace_tests::lab::vxlan::{OVERHEAD, Vxlan, VxlanSpec};
use serde_json::Value;

const BIG: usize = 300_000;
const PATIENCE: Duration = Duration::from_secs(30);

fn spec(bridged: bool, df: bool) -> VxlanSpec {
    VxlanSpec { underlay: 1446, overlay: 1492, bridged, df }
}

fn assert_tunnel(verdict: &Value, spec: VxlanSpec) {
    assert_eq!(verdict["culprit"]["interface"], "vxlan0", "{verdict}");
    assert_eq!(verdict["culprit"]["mtu"], spec.overlay, "{verdict}");
    assert_eq!(verdict["bottleneck"]["interface"], "eth0", "{verdict}");
    assert_eq!(verdict["bottleneck"]["mtu"], spec.underlay, "{verdict}");
    assert!(fix_names(verdict, spec.underlay - OVERHEAD), "{verdict}");
}

/// A uploads to B: foreseen, then told as what it is, once; gone when the tunnel's number fits.
fn upload(spec: VxlanSpec, severity: &str, completes: bool) -> Value {
    let lab = Vxlan::build(spec).unwrap();
    let _server = HttpServer::start(lab.b.place(), 80).unwrap();
    let mut tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    let url = format!("http://{}/0", lab.b_address());
    let mut upload = Transfer::put(lab.a.place(), &url, BIG, PATIENCE).unwrap();
    let early = |line: &Value| is_verdict(line, "mss_exceeds_path", &lab.a.id);
    let foreseen = tracer.wait_for("mss_exceeds_path", PATIENCE, early).unwrap();
    assert_tunnel(&foreseen, spec);
    let told = |line: &Value| is_verdict(line, "tunnel_overhead", &lab.a.id);
    let wanted = |line: &Value| told(line) && line["severity"] == severity;
    let verdict = tracer.wait_for("tunnel_overhead", PATIENCE, wanted).unwrap();
    assert_tunnel(&verdict, spec);
    if completes {
        assert!(upload.finish().unwrap().complete);
    }
    lab.node_a.ip(&format!("link set dev vxlan0 mtu {}", spec.underlay - OVERHEAD)).unwrap();
    let gone = |line: &Value| told(line) && line["active"] == false;
    tracer.wait_for("active: false", PATIENCE, gone).unwrap();
    let end = tracer.interrupt().unwrap();
    let others = |line: &&Value| {
        let expected = ["mss_exceeds_path", "tunnel_overhead", "mtu_mismatch"];
        line["container"]["id"] == lab.a.id.as_str() && !expected.iter().any(|v| line["verdict"] == *v)
    };
    let verdicts = end.of_kind("verdict");
    assert_eq!(verdicts.iter().find(others), None);
    verdict
}

#[test]
fn cut_in_two_outside_the_tunnel() {
    if skip() {
        return;
    }
    let verdict = upload(spec(false, false), "warning", true);
    assert!(verdict["summary"].as_str().unwrap().contains("fragmented outside the tunnel"), "{verdict}");
}

#[test]
fn stalled_where_the_outer_packet_must_not_be_cut() {
    if skip() {
        return;
    }
    upload(spec(false, true), "critical", false);
}

#[test]
fn a_port_of_a_bridge_that_answers_itself() {
    if skip() {
        return;
    }
    upload(spec(true, false), "warning", true);
}

#[test]
fn a_tunnel_with_room_is_nothing_to_tell() {
    if skip() {
        return;
    }
    let underlay = 1500;
    let spec = VxlanSpec { underlay, overlay: underlay - OVERHEAD, bridged: false, df: false };
    let lab = Vxlan::build(spec).unwrap();
    let _server = HttpServer::start(lab.b.place(), 80).unwrap();
    let tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    let url = format!("http://{}/0", lab.b_address());
    assert!(Transfer::put(lab.a.place(), &url, BIG, PATIENCE).unwrap().finish().unwrap().complete);
    let end = tracer.interrupt().unwrap();
    let ids = [lab.a.id.as_str(), lab.b.id.as_str()];
    let ours = |line: &&Value| ids.iter().any(|id| line["container"]["id"] == **id);
    assert_eq!(end.of_kind("verdict").iter().find(ours), None);
    assert_eq!(map(&lab).1["wrong"], false);
}

/// The map before anything is sent, as text and as node A's tunnel in JSON.
fn map(lab: &Vxlan) -> (String, Value) {
    let run = |format| Command::new(binary().unwrap()).args(["map", "-o", format]).output().unwrap();
    let line: Value = serde_json::from_slice(&run("json").stdout).unwrap();
    let netns = lab.node_a.inode().unwrap();
    let found = line["tunnels"].as_array().unwrap().iter().find(|t| t["netns"] == netns).cloned();
    let text = String::from_utf8(run("text").stdout).unwrap();
    (text, found.unwrap_or_else(|| panic!("no tunnel in {line}")))
}

#[test]
fn the_map_shows_it_before_anything_is_sent() {
    if skip() {
        return;
    }
    let spec = spec(false, false);
    let lab = Vxlan::build(spec).unwrap();
    let fits = spec.underlay - OVERHEAD;
    let (text, wrong) = map(&lab);
    assert!(text.contains("vxlan0 1492 (should be 1396) over eth0 1446 with 50 bytes of headers"), "{text}");
    assert_eq!((&wrong["wrong"], &wrong["fits"]), (&true.into(), &fits.into()), "{wrong}");
    assert_eq!(wrong["underlay"]["mtu"], spec.underlay, "{wrong}");
    assert!(wrong["fix"].to_string().contains(&format!("dev vxlan0 mtu {fits}")), "{wrong}");
    lab.node_a.ip(&format!("link set dev vxlan0 mtu {fits}")).unwrap();
    let (text, right) = map(&lab);
    assert!(text.contains("vxlan0 1396 (max 1396) over eth0 1446"), "{text}");
    assert_eq!(right["wrong"], false, "{right}");
}

/// As Docker's swarm has it: the device was moved away from what carries it.
#[test]
fn carried_by_another_namespace() {
    if skip() {
        return;
    }
    let spec = spec(true, false);
    let lab = Vxlan::build(spec).unwrap();
    lab.node_a.ip(&format!("link set vxlan0 nomaster netns {}", lab.a.netns.name())).unwrap();
    lab.a.netns.ip("link set vxlan0 up").unwrap();
    let line = Command::new(binary().unwrap()).args(["map", "-o", "json"]).output().unwrap();
    let line: Value = serde_json::from_slice(&line.stdout).unwrap();
    let moved = |t: &&Value| t["netns"] == lab.a.netns.inode().unwrap();
    let found = line["tunnels"].as_array().unwrap().iter().find(moved).unwrap();
    assert_eq!(found["underlay"]["netns"], lab.node_a.inode().unwrap(), "{found}");
    assert_eq!(found["fits"], spec.underlay - OVERHEAD, "{found}");
}
