//! Datagrams in fragments: cut because a number is wrong, or lost.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::time::Duration;

use mtutrace_tests::check::{assert_mtus, assert_only_verdict, is_verdict, skip};
use mtutrace_tests::lab::datagrams::{Discovery, first_fragments, udp_send};
use mtutrace_tests::lab::incident::{Incident, IncidentSpec, SERVER};
use mtutrace_tests::lab::mib::Mib;
use mtutrace_tests::lab::routed::{Family, Routed, RoutedSpec};
use mtutrace_tests::lab::tracer::Tracer;
use mtutrace_tests::lab::wait;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(30);

#[test]
fn datagrams_that_are_cut_on_the_way_because_a_number_is_wrong() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec { icmp_filtered: false, ..Default::default() }).unwrap();
    let mut tracer =
        Tracer::start(&["--duration", "60s", "--exit-code", "--container", &lab.inner.id]).unwrap();
    let wanted = |line: &Value| is_verdict(line, "fragmentation", &lab.inner.id);
    // It is a verdict only once it goes on.
    let verdict = wait::until("fragmentation", PATIENCE, || {
        udp_send(lab.inner.place(), &format!("{SERVER}:9"), 1460, 1, Discovery::Fragment)?;
        Ok(tracer.wait_for("fragmentation", Duration::from_millis(300), wanted).ok())
    });
    let verdict = verdict.unwrap();
    assert_eq!(verdict["severity"], "warning", "{verdict}");
    assert_mtus(&verdict, &lab);
    let end = tracer.interrupt().unwrap();
    assert_only_verdict(&end, "fragmentation", &lab.inner.id);
    assert_eq!(end.code, Some(1), "{}", end.stderr);
}

/// As firewalls do that want to see ports.
const DROP_LATER_FRAGMENTS: &str = "
table ip lab_fragments {
    chain forward {
        type filter hook forward priority 0;
        ip frag-off & 0x1fff != 0 drop
    }
}";

/// Waits for the verdict about one of the ends.
fn lost(tracer: &mut Tracer, id: &str) -> Value {
    let wanted = |line: &Value| is_verdict(line, "fragments_lost", id);
    let verdict = tracer.wait_for("fragments_lost", PATIENCE, wanted).unwrap();
    assert_eq!(verdict["severity"], "warning", "{verdict}");
    assert!(verdict.get("culprit").is_none(), "no MTU is wrong: {verdict}");
    verdict
}

#[test]
fn fragments_that_a_firewall_drops() {
    if skip() {
        return;
    }
    let lab = Routed::build(RoutedSpec::default()).unwrap();
    lab.router.nft(DROP_LATER_FRAGMENTS).unwrap();
    let mut tracer = Tracer::start(&["--duration", "60s", "--exit-code"]).unwrap();
    let to = Family::V4.discard(lab.b_address(Family::V4));
    let send = || udp_send(lab.a.place(), &to, 2000, 4, Discovery::Fragment).unwrap();
    send();
    let verdict = lost(&mut tracer, &lab.b.id);

    // The fix that it prints first: its words, without the shell that would undo the quotes.
    let command = verdict["fix"][0]["command"].as_str().unwrap();
    let (enter, script) = command.split_once(" nft ").unwrap();
    assert!(enter.contains(lab.router.name()), "where the firewall is: {command}");
    let arrived = || Mib::read(&lab.b.netns).map(|mib| mib.get("UdpNoPorts"));
    let before = arrived().unwrap();
    lab.router.nft(script.trim_matches('\'')).unwrap();
    send();
    let all = wait::until("the datagrams", PATIENCE, || Ok((arrived()? >= before + 4).then_some(())));
    all.unwrap();

    let end = tracer.interrupt().unwrap();
    assert_only_verdict(&end, "fragments_lost", &lab.b.id);
    assert_eq!(end.code, Some(1), "{}", end.stderr);
}

#[test]
fn fragments_whose_rest_never_comes() {
    if skip() {
        return;
    }
    let lab = Routed::build(RoutedSpec::default()).unwrap();
    lab.b.netns.sysctl("net/ipv4/ipfrag_time", "1").unwrap();
    let mut tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    let to = Family::V4.discard(lab.b_address(Family::V4));
    first_fragments(lab.a.place(), &to, 1000, 4).unwrap();
    // Who never sent it is to hear of it, not who got the rest.
    lost(&mut tracer, &lab.a.id);
    assert_only_verdict(&tracer.interrupt().unwrap(), "fragments_lost", &lab.a.id);
}
