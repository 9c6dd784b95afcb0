//! Millions of records are offered faster than any network of a test could: each of them is accounted for, memory stays where it
//! is, and the verdict is right.
//!
//! The tracer's own classifier is run by the kernel (BPF_PROG_TEST_RUN) on first fragments in a namespace with many devices,
//! because a device and a source have budgets.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use aya::TestRun;
use aya::programs::{ProgramInfo, SchedClassifier, TestRunOptions, loaded_programs};
use mtutrace_tests::check::{assert_nothing_is_lost_silently, skip, sum};
use mtutrace_tests::lab::alone;
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::leaks::Held;
use mtutrace_tests::lab::memory::Memory;
use mtutrace_tests::lab::netns::NetNs;
use mtutrace_tests::lab::tracer::Tracer;
use mtutrace_tests::lab::wait;
use serde_json::Value;

const SOON: Duration = Duration::from_secs(60);
/// What is offered at least.
const OFFERED: u64 = 6_000_000;
/// How much of it there is when the download begins: budgets are used up.
const AT_FIRST: u64 = 1_000_000;
const DEVICES: u32 = 64;
const FIRST_DEVICE: u32 = 100;
const THREADS: u8 = 2;
/// Runs for each call into the kernel, all with one source.
const REPEAT: u32 = 2_000;
/// Resident bytes that the tracer never has: the DaemonSet allows it 256 MiB.
const MEMORY: u64 = 96 << 20;
/// The classifier of devices in containers.
const CLASSIFIER: &str = "mtut_in_nested";

#[test]
fn millions_are_accounted_for() {
    if skip() || alone::ran("millions_are_accounted_for") {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let place = NetNs::create(&format!("{}-flood", lab.prefix())).unwrap();
    let bridge = |n: u32| format!("link add b{n} index {} type bridge\n", FIRST_DEVICE + n);
    place.ip((0..DEVICES).map(bridge).collect::<String>().trim_end()).unwrap();
    let mut tracer = Tracer::start(&["--duration", "300s", "--only", "verdict,status"]).unwrap();
    let pid = tracer.pid();
    let (wanted, made) = (AtomicU64::new(u64::MAX), AtomicU64::new(0));
    let begun = Instant::now();

    std::thread::scope(|scope| {
        // Whatever comes of it, the flood ends.
        let _end = Ends(&wanted);
        for thread in 0..THREADS {
            let (place, wanted, made) = (&place, &wanted, &made);
            scope.spawn(move || place.enter(|| flood(pid, thread, wanted, made)).unwrap());
        }
        let enough = || Ok((made.load(Ordering::Relaxed) >= AT_FIRST).then_some(()));
        wait::until("the flood", SOON, enough).unwrap();
        let _download = lab.download(3_000_000, SOON).unwrap();
        let stalls = |line: &Value| line["kind"] == "verdict" && line["severity"] == "critical";
        let verdict = tracer.wait_for("the verdict", SOON, stalls).unwrap();
        assert_eq!(verdict["container"]["id"], lab.inner.id.as_str(), "{verdict}");
        assert_eq!(verdict["culprit"]["mtu"], 1500, "{verdict}");
    });

    let (made, took) = (made.into_inner(), begun.elapsed());
    let memory = Memory::of(pid).unwrap().peak;
    let end = tracer.interrupt().unwrap();
    let last = end.last_of_kind("status").pop().unwrap();
    let number = |field: &str| last[field].as_u64().unwrap_or_else(|| panic!("{field}: {last}"));
    eprintln!(
        "{made} records in {took:?}, {:.2} million a second: {} decoded, {} lost, {} left out; at most {} MiB",
        made as f64 / took.as_secs_f64() / 1e6,
        number("decoded"),
        number("lost"),
        sum(&last["left_out"]),
        memory >> 20
    );
    // Nothing else here sends fragments.
    assert_eq!(last["records"]["fragmented"], made, "{last}");
    assert_nothing_is_lost_silently(&last);
    assert!(sum(&last["left_out"]) > 0 && number("undecodable") == 0, "{last}");
    assert!(memory < MEMORY, "{} MiB", memory >> 20);
}

/// Tells the flood when to end, also when the test fails.
struct Ends<'a>(&'a AtomicU64);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(OFFERED, Ordering::Relaxed);
    }
}

/// Runs the tracer's classifier until `wanted` runs were made by all together.
fn flood(tracer: u32, thread: u8, wanted: &AtomicU64, made: &AtomicU64) {
    let classifier = classifier(tracer);
    let mut source = 0_u32;
    while made.load(Ordering::Relaxed) < wanted.load(Ordering::Relaxed) {
        source += 1;
        let context = context(FIRST_DEVICE + source % DEVICES);
        let options = TestRunOptions {
            data_in: Some(&first_fragment(thread, source)),
            ctx_in: Some(&context),
            repeat: REPEAT,
            ..TestRunOptions::new()
        };
        classifier.test_run(options).unwrap();
        made.fetch_add(u64::from(REPEAT), Ordering::Relaxed);
    }
}

/// The program that the tracer holds.
fn classifier(tracer: u32) -> SchedClassifier {
    let held = Held::by(tracer).unwrap().programs;
    let is_it = |info: &ProgramInfo| held.contains(&info.id()) && info.name_as_str() == Some(CLASSIFIER);
    let info = loaded_programs().filter_map(Result::ok).find(is_it).unwrap();
    SchedClassifier::from_program_info(info, CLASSIFIER.into()).unwrap()
}

/// `struct __sk_buff` up to `ifindex` (uapi/linux/bpf.h); all else has to be 0.
fn context(ifindex: u32) -> [u8; 44] {
    let mut context = [0; 44];
    context[40..].copy_from_slice(&ifindex.to_ne_bytes());
    context
}

/// The first fragment of a UDP datagram, in Ethernet.
fn first_fragment(thread: u8, source: u32) -> Vec<u8> {
    const PAYLOAD: u16 = 1400;
    let [_, high, middle, low] = source.to_be_bytes();
    let mut frame = vec![2; 12];
    frame.extend([8, 0, 0x45, 0]);
    frame.extend((20 + PAYLOAD).to_be_bytes());
    frame.extend([high, low, 0x20, 0, 64, 17, 0, 0, 10 + thread, high, middle, low, 198, 51, 100, 1]);
    frame.extend([0x9c, 0x40, 0, 9, 0x10, 0, 0, 0]);
    frame.resize(14 + 20 + usize::from(PAYLOAD), 0);
    frame
}
