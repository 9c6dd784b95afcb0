//! Mixed traffic for a while: stalls, fragments, refused sends, fixes and their opposite, containers that come and go, over IPv4 and
//! IPv6. Memory, descriptors and the kernel's objects are afterwards what they were, each record is accounted for, and the verdict
//! at the end is right. `MTUTRACE_ENDURE=SECONDS` goes on for longer.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::time::{Duration, Instant};

use mtutrace_tests::check::{assert_nothing_is_lost_silently, is_verdict, skip};
use mtutrace_tests::lab::alone;
use mtutrace_tests::lab::datagrams::{Discovery, first_fragments, udp_send};
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::leaks::Held;
use mtutrace_tests::lab::tracer::Tracer;
use mtutrace_tests::lab::watched::Watched;

/// Each half.
const LASTS: Duration = Duration::from_secs(5);
/// Bytes that memory may grow by in the second half, when all has been seen once.
const GROWTH: u64 = 4 << 20;
const SOON: Duration = Duration::from_secs(20);
/// Longer than a download takes that does not stall.
const STALLED: Duration = Duration::from_millis(700);
/// UDP payload that is too big for the pod, bytes.
const BIG: u32 = 1440;
/// The same for the inner container itself.
const HUGE: u32 = 4000;

/// Everything that a container does to packets, once.
fn round(lab: &mut Incident, number: u32) {
    let [server, ..] = lab.addresses();
    let to = if server.contains(':') { format!("[{server}]:9") } else { format!("{server}:9") };
    let broken = number % 4 != 3;
    // Whatever it comes to: what fits, what stalls, what is slow to be given up.
    let small = lab.download(300, SOON).unwrap().finish().unwrap();
    assert!(small.complete, "round {number}, {to}: {small:?}");
    let big = lab.download(60_000, STALLED).unwrap().finish().unwrap();
    assert_eq!(big.complete, !broken, "round {number}, {to}: {big:?}");
    let _stalls_too = lab.upload(60_000, STALLED).unwrap().finish().unwrap();
    for (size, count, discovery) in [
        (BIG, 40, Discovery::Probe),
        (BIG, 5, Discovery::Df),
        (HUGE, 40, Discovery::Fragment),
        (64, 400, Discovery::Fragment),
    ] {
        udp_send(lab.inner.place(), &to, size, count, discovery).unwrap();
    }
    if !lab.spec().ipv6 {
        first_fragments(lab.pod.place(), &to, 800, 10).unwrap();
    }
    match number % 4 {
        0 if !lab.spec().ipv6 => {
            lab.add_neighbour().unwrap();
        }
        1 if !lab.spec().ipv6 => lab.remove_neighbour(),
        2 => lab.apply_fix().unwrap(),
        3 => lab.undo_fix().unwrap(),
        _ => {}
    }
}

/// Rounds for so long, each in both labs; how many.
fn rounds(labs: &mut [Incident], lasts: Duration, first: u32) -> u32 {
    let begun = Instant::now();
    let mut number = first;
    // Whole cycles: the end is as broken as the beginning.
    while begun.elapsed() < lasts || !number.is_multiple_of(4) {
        std::thread::scope(|scope| {
            labs.iter_mut().for_each(|lab| drop(scope.spawn(move || round(lab, number))));
        });
        number += 1;
    }
    number - first
}

#[test]
fn mixed_traffic() {
    if skip() || alone::ran("mixed_traffic") {
        return;
    }
    let lasts =
        std::env::var("MTUTRACE_ENDURE").map_or(LASTS, |text| Duration::from_secs(text.parse().unwrap()) / 2);
    let spec = |ipv6| IncidentSpec { ipv6, ..IncidentSpec::default() };
    let mut labs = [false, true].map(|ipv6| Incident::build(spec(ipv6)).unwrap());
    for lab in &labs {
        // As Docker does: else a bridge takes another port's when one goes, and its neighbours find out much later.
        lab.pod.netns.ip("link set docker0 address 02:42:0a:2a:00:01").unwrap();
    }
    let mut tracer = Tracer::start(&["--interval", "1s", "--only", "verdict,status"]).unwrap();
    let start = Watched::first(&mut tracer).unwrap();
    let one = rounds(&mut labs, lasts, 0);
    let half = start.settle(&mut tracer).unwrap();
    let two = rounds(&mut labs, lasts, one);
    let whole = start.settle(&mut tracer).unwrap();
    // The network is as wrong as in the beginning, and is said to be so.
    let stalled = labs.iter().map(|lab| {
        let mut download = lab.download(60_000, SOON).unwrap();
        download.wait_for_stall().unwrap();
        download
    });
    let stalled = stalled.collect::<Vec<_>>();
    let held = Held::by(tracer.pid()).unwrap();
    let end = tracer.interrupt().unwrap();
    held.await_gone(SOON).unwrap();
    drop(stalled);

    assert_eq!(end.code, Some(0), "{}", end.stderr);
    assert_nothing_is_lost_silently(&end.last_of_kind("status").pop().unwrap());
    eprintln!("{one} and {two} rounds; resident bytes after them {half} and {whole}");
    assert!(whole.saturating_sub(half) < GROWTH, "memory grew from {half} to {whole} bytes");
    let verdicts = end.last_of_kind("verdict");
    for lab in &labs {
        let blamed = verdicts.iter().filter(|line| is_verdict(line, "pmtu_blackhole", &lab.inner.id));
        let blamed = blamed.filter(|line| line["active"] == true).map(|line| &line["culprit"]["mtu"]);
        assert_eq!(blamed.collect::<Vec<_>>(), [1500], "one cause, one verdict: {verdicts:#?}");
    }
}
