//! Full-size packets die beyond all that has an MTU on this node, and nobody says so. Losses that are none of size are
//! no such thing.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::time::Duration;

use mtutrace_tests::check::{assert_only_verdict, fix_names, is_verdict, skip};
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::offload;
use mtutrace_tests::lab::tracer::Tracer;

/// MTU of every device between the server and the container.
const MTU: u32 = 1450;
/// Bytes of the IPv4 header, the TCP header and its timestamps.
const HEADERS: u32 = 20 + 20 + 12;
const PATIENCE: Duration = Duration::from_secs(30);

/// A lab in which no number is wrong, and whose server sends packets rather than super-packets.
fn build(ipv6: bool) -> Incident {
    let spec =
        IncidentSpec { inner_mtu: MTU, pod_mtu: MTU, icmp_filtered: false, ipv6, ..Default::default() };
    let lab = Incident::build(spec).unwrap();
    offload::switch_off(&lab.server, "eth0").unwrap();
    lab
}

/// Stands for a provider's network: the node drops some of what it forwards, and says nothing.
fn provider(lab: &Incident, rules: &str) {
    let chain = "type filter hook forward priority 0;";
    let script = format!("table inet lab_provider {{\nchain forward {{\n{chain}\n{rules}\n}}\n}}\n");
    lab.node.nft(&script).unwrap();
}

/// Bytes of a file whose answer is two full segments and a rest that passes anywhere; the head is somewhat below 100.
fn short_answer() -> usize {
    (2 * (MTU - HEADERS) + 400) as usize
}

fn stalls(ipv6: bool) {
    if skip() {
        return;
    }
    let lab = build(ipv6);
    // Packets of 1401 bytes and more are lost behind the node.
    provider(&lab, "meta length > 1400 drop");
    let mut tracer = Tracer::start(&["--duration", "120s", "--exit-code"]).unwrap();
    let _download = lab.download(short_answer(), PATIENCE * 2).unwrap();

    let wanted = |line: &_| is_verdict(line, "remote_blackhole_suspected", &lab.inner.id);
    let verdict = tracer.wait_for("remote_blackhole_suspected", PATIENCE, wanted).unwrap();
    assert_eq!(verdict["severity"], "critical", "{verdict}");
    assert_eq!(verdict["active"], true, "{verdict}");
    assert_eq!(verdict["container"]["parents"][0]["id"], lab.pod.id.as_str(), "{verdict}");
    assert!(verdict.get("culprit").is_none() && verdict.get("bottleneck").is_none(), "{verdict}");
    assert_eq!(verdict["path"][0]["netns"], lab.inner.netns.inode().unwrap(), "{verdict}");
    let mtu = 1280;
    assert!(fix_names(&verdict, mtu), "{verdict}");

    // The fix that it prints first: its words, without the shell that would undo the quotes.
    let command = verdict["fix"][0]["command"].as_str().unwrap();
    let (enter, script) = command.split_once(" nft ").unwrap();
    assert!(enter.contains(lab.node.name()), "at the node, the last router: {command}");
    lab.node.nft(script.trim_matches('\'')).unwrap();
    let mut again = lab.download(300_000, PATIENCE).unwrap();
    assert!(again.finish().unwrap().complete, "with the MSS clamped it works: {command}");

    let end = tracer.interrupt().unwrap();
    assert_only_verdict(&end, "remote_blackhole_suspected", &lab.inner.id);
    assert_eq!(end.code, Some(1), "{}", end.stderr);
}

#[test]
fn a_download_that_stalls_behind_the_node() {
    stalls(false);
}

#[test]
fn a_download_that_stalls_behind_the_node_ipv6() {
    stalls(true);
}

/// A download while the provider does something that has nothing to do with size; there must be no verdict.
fn healthy(rules: &str, bytes: usize, complete: bool) {
    if skip() {
        return;
    }
    let lab = build(false);
    provider(&lab, rules);
    let tracer = Tracer::start(&["--duration", "120s", "--exit-code", "--container", &lab.inner.id]).unwrap();
    // Longer than it takes to be sure.
    let timeout = if complete { PATIENCE * 2 } else { Duration::from_secs(6) };
    for _ in 0..if complete { 3 } else { 1 } {
        let outcome = lab.download(bytes, timeout).unwrap().finish().unwrap();
        assert_eq!(outcome.complete, complete, "{outcome:?}");
    }
    let end = tracer.interrupt().unwrap();
    assert!(end.of_kind("verdict").is_empty(), "{:#?}", end.of_kind("verdict"));
    assert_eq!(end.code, Some(0), "{}", end.stderr);
}

#[test]
fn losses_at_random() {
    healthy("numgen random mod 100 < 5 drop", 300_000, true);
}

#[test]
fn losses_of_small_packets_and_short_answers() {
    healthy("numgen random mod 100 < 10 drop", short_answer(), true);
}

#[test]
fn an_outage_in_the_middle_of_losses() {
    healthy("numgen random mod 100 < 10 drop\nquota over 60 kbytes drop", 300_000, false);
}

/// One large segment is all of the answer, and it dies: nothing follows that could ask for it.
#[test]
fn an_answer_that_never_comes_is_told_without_a_cause() {
    if skip() {
        return;
    }
    let lab = build(false);
    provider(&lab, "meta length > 600 drop");
    let tracer = Tracer::start(&["--duration", "120s", "--exit-code", "--container", &lab.inner.id]).unwrap();
    let outcome = lab.download(900, Duration::from_secs(12)).unwrap().finish().unwrap();
    assert!(!outcome.complete, "{outcome:?}");
    let end = tracer.interrupt().unwrap();
    assert!(end.of_kind("verdict").is_empty(), "{:#?}", end.of_kind("verdict"));
    let totals = end.of_kind("status").pop().unwrap();
    assert_eq!(totals["outcomes"]["unanswered"], 1, "{totals}");
}
