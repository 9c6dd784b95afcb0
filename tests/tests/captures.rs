//! Captures of a real tcpdump: what packets alone say about a stall, and that they say nothing where all is well.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use mtutrace_tests::check::skip;
use mtutrace_tests::lab::datagrams::{Discovery, udp_send};
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::nft;
use mtutrace_tests::lab::routed::{Family, Routed, RoutedSpec};
use mtutrace_tests::lab::tcpdump::Tcpdump;
use mtutrace_tests::lab::wait;
use serde_json::Value;

const BIG: usize = 300_000;
const PATIENCE: Duration = Duration::from_secs(60);

/// What is said of a file, as the report's JSON has it.
fn findings(path: &Path) -> Result<Value> {
    Ok(serde_json::to_value(mtutrace::capture::analyse(File::open(path)?)?)?)
}

fn of_kind<'a>(findings: &'a Value, kind: &str) -> Vec<&'a Value> {
    findings["findings"].as_array().unwrap().iter().filter(|one| one["kind"] == kind).collect()
}

/// Waits until the growing file tells of a problem of that kind.
fn problem(capture: &Tcpdump, kind: &str) -> Value {
    told(capture, kind, |one| one["problem"] == true)
}

/// Waits until the growing file has such a finding of that kind.
fn told(capture: &Tcpdump, kind: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let found = wait::until(kind, PATIENCE, || {
        let findings = findings(capture.path())?;
        let found = of_kind(&findings, kind).into_iter().any(&wanted);
        Ok(found.then_some(findings))
    });
    found.unwrap_or_else(|error| panic!("{error:#}: {:#}", findings(capture.path()).unwrap()))
}

#[test]
fn a_stalled_download_at_its_server() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    // "Fragmentation needed" is not to be seen at all here: it dies in the router that would say it.
    lab.node.nft(&nft::drop_frag_needed("output")).unwrap();
    let capture = Tcpdump::start(&lab.server, "eth0", "server").unwrap();
    let mut download = lab.download(BIG, PATIENCE).unwrap();
    download.wait_for_stall().unwrap();
    let findings = problem(&capture, "stall_by_size");
    assert_eq!(findings["partial"], true);
    assert!(findings["too_big"].as_array().unwrap().is_empty(), "{findings:#}");
    let finding = of_kind(&findings, "stall_by_size")[0];
    assert!(finding["text"].as_str().unwrap().contains("1,500 bytes at L3"), "{finding}");
    let stalled = |path: &&Value| path["less_than"] == 1500 && path["at_least"].as_u64() < Some(1450);
    assert!(findings["paths"].as_array().unwrap().iter().any(|path| stalled(&path)), "{findings:#}");
}

#[test]
fn a_stalled_download_at_all_devices_of_the_router() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let capture = Tcpdump::start(&lab.node, "any", "router").unwrap();
    let mut download = lab.download(BIG, PATIENCE).unwrap();
    download.wait_for_stall().unwrap();
    problem(&capture, "too_big_ignored");
    // The sender may have been told often before it has repeated itself often enough.
    let findings = told(&capture, "stall_by_size", |one| one["confidence"] == "confirmed");
    assert_eq!(findings["capture"]["interfaces"][0]["link_type"], 276, "{findings:#}");
    let told = &findings["too_big"][0];
    assert_eq!(told["mtu"], 1450, "{findings:#}");
    // The router got super-packets, and quotes their length.
    assert!(told["packet"].as_u64() >= Some(1500), "{findings:#}");
}

#[test]
fn a_download_whose_server_is_told() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec { icmp_filtered: false, ..Default::default() }).unwrap();
    let mut captures = [
        Tcpdump::start(&lab.node, "any", "told-router").unwrap(),
        Tcpdump::start(&lab.server, "eth0", "told-server").unwrap(),
    ];
    assert!(lab.download(BIG, PATIENCE).unwrap().finish().unwrap().complete);
    for capture in &mut captures {
        capture.stop().unwrap();
        let findings = findings(capture.path()).unwrap();
        assert_eq!(findings["problem"], false, "{findings:#}");
        assert_eq!(findings["too_big"][0]["mtu"], 1450, "{findings:#}");
        assert!(findings["capture"].get("damage").is_none(), "{findings:#}");
    }
}

#[test]
fn a_clamped_download() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    lab.node.nft(nft::CLAMP).unwrap();
    let mut capture = Tcpdump::start(&lab.node, "any", "clamped").unwrap();
    assert!(lab.download(BIG, PATIENCE).unwrap().finish().unwrap().complete);
    capture.stop().unwrap();
    let findings = findings(capture.path()).unwrap();
    assert_eq!(findings["problem"], false, "{findings:#}");
    assert!(findings["too_big"].as_array().unwrap().is_empty(), "{findings:#}");
    let clamped = of_kind(&findings, "mss_clamped");
    assert!(!clamped.is_empty(), "{findings:#}");
    let text = clamped[0]["text"].as_str().unwrap();
    assert!(text.contains("1,460") && text.contains("1,410"), "{text}");
    let connections = findings["connections"].as_array().unwrap();
    let sent_again = connections.iter().map(|one| one["to_client"]["retransmissions"].as_u64().unwrap());
    assert_eq!(sent_again.sum::<u64>(), 0, "a packet at the next device is none: {findings:#}");
}

#[test]
fn datagrams_in_pieces() {
    if skip() {
        return;
    }
    let lab = Routed::build(RoutedSpec { egress: 1400, b: 1400, ..Default::default() }).unwrap();
    let mut capture = Tcpdump::start(&lab.b.netns, "eth0", "pieces").unwrap();
    let to = Family::V4.discard(lab.b_address(Family::V4));
    udp_send(lab.a.place(), &to, 1460, 4, Discovery::Fragment).unwrap();
    // The last of them is in the file when all four are.
    let found = wait::until("four datagrams in pieces", PATIENCE, || {
        let findings = findings(capture.path())?;
        let four = findings["fragments"][0]["datagrams"] == 4 && findings["fragments"][0]["incomplete"] == 0;
        Ok(four.then_some(()))
    });
    found.unwrap_or_else(|error| panic!("{error:#}: {:#}", findings(capture.path()).unwrap()));
    capture.stop().unwrap();
    let findings = findings(capture.path()).unwrap();
    assert_eq!(findings["problem"], false, "{findings:#}");
    let first = findings["fragments"][0]["first_piece"].as_u64().unwrap();
    assert!((1393..=1400).contains(&first), "who cut has an MTU of 1400: {findings:#}");
    assert_eq!(findings["fragments"][0]["largest"], 1488, "{findings:#}");
    assert_eq!(of_kind(&findings, "fragmented").len(), 1, "{findings:#}");
}
