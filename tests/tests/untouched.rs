//! No frame is changed, held back, doubled or reordered by it, alone and between programs of others, which all see what it sees.
//! Drawn frames of all kinds cross a bridge; `MTUTRACE_SEED=N` draws those of an earlier run.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use aya::Ebpf;
use aya::maps::PerCpuArray;
use aya::programs::tc::{NlOptions, TcAttachOptions, qdisc_add_clsact};
use aya::programs::{LinkOrder, SchedClassifier, TcAttachType, TestRun, TestRunOptions};
use mtutrace::kernel::load::load_classifiers;
use mtutrace_common::Signal;
use mtutrace_common::config::counter;
use mtutrace_tests::check::{has_tcx, kernel_lacks, skip};
use mtutrace_tests::lab::bridged::{Bridged, BridgedSpec, PORTS};
use mtutrace_tests::lab::frames::Frames;
use mtutrace_tests::lab::netns::NetNs;
use mtutrace_tests::lab::tracer::Tracer;
use mtutrace_tests::oracle::draw::case;

const FRAMES: usize = 3_000;
/// Room for every frame that is drawn.
const MTU: u32 = 3_500;
const SOON: Duration = Duration::from_secs(5);
const FROM: [u8; 6] = [2, 0, 0, 0, 0, 0xa];
const TO: [u8; 6] = [2, 0, 0, 0, 0, 0xb];
/// VLAN tags: the kernel takes them out of the frame for who reads it.
const TAGS: [u16; 2] = [0x8100, 0x88a8];

/// Two hosts on a bridge, and a socket on either.
struct Lab {
    bridged: Bridged,
    a: Frames,
    b: Frames,
}

impl Lab {
    fn build() -> Lab {
        let bridged = Bridged::build(BridgedSpec::all(MTU)).unwrap();
        // The bridge has an opinion of its own about membership reports that are none.
        bridged.switch.ip("link set br0 type bridge mcast_snooping 0").unwrap();
        let [_, _, _, _, _, last] = TO;
        bridged.b.netns.ip(&format!("link set eth0 address 02:00:00:00:00:{last:02x}")).unwrap();
        let open = |netns: &NetNs| Frames::open(netns, "eth0", SOON).unwrap();
        let (a, b) = (open(&bridged.a.netns), open(&bridged.b.netns));
        Lab { bridged, a, b }
    }

    /// Sends all frames, one after the other, and panics unless each arrives as it was sent, and nothing else.
    fn send(&self, frames: &[Vec<u8>], when: &str) {
        for (number, frame) in frames.iter().enumerate() {
            self.a.send(frame).unwrap();
            let got = self
                .b
                .take(FROM)
                .unwrap_or_else(|e| panic!("{when}: frame {number} is lost: {e:#}\n{frame:02x?}"));
            assert!(got == *frame, "{when}: frame {number} was changed\nsent {frame:02x?}\ngot  {got:02x?}");
        }
    }
}

fn frames() -> Vec<Vec<u8>> {
    let seed =
        std::env::var("MTUTRACE_SEED").map_or_else(|_| fastrand::u64(..), |seed| seed.parse().unwrap());
    eprintln!("again: MTUTRACE_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let drawn = std::iter::repeat_with(|| case(&mut random, true).frame);
    let tagged = |frame: &Vec<u8>| TAGS.contains(&u16::from_be_bytes([frame[12], frame[13]]));
    let addressed = |mut frame: Vec<u8>| {
        frame[..12].copy_from_slice(&[TO, FROM].concat());
        frame
    };
    drawn.filter(|frame| !tagged(frame)).map(addressed).take(FRAMES).collect()
}

/// A program of somebody else's: the ingress classifier of an object of its own, whose counters say what it saw.
struct Other(Ebpf);

impl Other {
    fn attach(netns: &NetNs, how: TcAttachOptions) -> Result<Other, String> {
        let mut ebpf = load_classifiers().unwrap();
        let program: &mut SchedClassifier = ebpf.program_mut("mtut_in").unwrap().try_into().unwrap();
        let attach = || program.attach_with_options(PORTS[0], TcAttachType::Ingress, how);
        netns.enter(attach).unwrap().map_err(|error| format!("{error:?}"))?;
        Ok(Other(ebpf))
    }

    /// Of each signal, and of later fragments. Holes are told once in 20 ms, by the clock.
    fn saw(&self) -> Vec<u64> {
        let counters: PerCpuArray<_, u64> = self.0.map("COUNTERS").unwrap().try_into().unwrap();
        let signals = Signal::ALL.into_iter().filter(|signal| *signal != Signal::SackHole);
        let slots = signals.map(|signal| signal as u32).chain([counter::LATER_FRAGMENTS]);
        slots.map(|slot| counters.get(&slot, 0).unwrap().iter().sum()).collect()
    }
}

#[test]
fn what_is_sent_arrives_with_and_without_it() {
    if skip() {
        return;
    }
    let (lab, frames) = (Lab::build(), frames());
    lab.send(&frames, "without it");
    let tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    lab.send(&frames, "beside it");
    let end = tracer.interrupt().unwrap();
    let last = end.last_of_kind("status").pop().unwrap();
    assert!(last["records"]["syn"].as_u64() > Some(0), "it was there: {last}");
    lab.send(&frames, "after it");
}

#[test]
fn programs_before_and_after_it_see_all_that_they_would_see() {
    if skip() {
        return;
    }
    let tcx = || TcAttachOptions::TcxOrder(LinkOrder::default());
    if !has_tcx() {
        return kernel_lacks("untouched::programs_before_and_after_it_see_all_that_they_would_see", "TCX");
    }
    let (lab, frames) = (Lab::build(), frames());
    let switch = &lab.bridged.switch;
    // Each goes behind those that are there; filters of clsact come after all of them.
    let before = Other::attach(switch, tcx()).unwrap();
    let tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    let after = Other::attach(switch, tcx()).unwrap();
    switch.enter(|| qdisc_add_clsact(PORTS[0])).unwrap().unwrap();
    let classic = Other::attach(switch, TcAttachOptions::Netlink(NlOptions::default()));
    lab.send(&frames, "between others");
    let first = before.saw();
    assert!(first.iter().sum::<u64>() > FRAMES as u64 / 10, "{first:?}");
    assert_eq!(first, after.saw(), "the program before it, and the one after it");
    match &classic {
        Ok(classic) => assert_eq!(first, classic.saw(), "the program before it, and a filter of clsact"),
        Err(error) => eprintln!("this kernel has no filters (cls_bpf): {error}"),
    }
    // Its end takes away nobody else's.
    tracer.interrupt().unwrap();
    lab.send(&frames, "after it");
    let both = before.saw();
    assert!(both.iter().zip(&first).all(|(both, first)| *both == 2 * first), "{both:?}, after {first:?}");
    assert_eq!(both, after.saw(), "the other one is still there");
    if let Ok(classic) = &classic {
        assert_eq!(both, classic.saw(), "and so is the filter");
    }
}

/// `kernel.bpf_stats_enabled` slows every program of the node: mtutrace has it on for a tenth of a second in ten.
#[test]
fn programs_of_others_are_timed_for_a_small_part_of_the_time() {
    const LOOKED_AT: Duration = Duration::from_secs(3);
    const OFTEN: Duration = Duration::from_millis(5);
    if skip() {
        return;
    }
    let mut ebpf = load_classifiers().unwrap();
    let program: &mut SchedClassifier = ebpf.program_mut("mtut_in").unwrap().try_into().unwrap();
    let run =
        || program.test_run(TestRunOptions { data_in: Some(&[0; 64]), ..TestRunOptions::new() }).unwrap();
    let traced = AtomicBool::new(true);
    let (runs, traced_for) = std::thread::scope(|scope| {
        // From before its start on: that is when the first sample is taken.
        let runner = scope.spawn(|| {
            let mut runs = 0_u64;
            while traced.load(Ordering::Relaxed) {
                run();
                runs += 1;
                std::thread::sleep(OFTEN);
            }
            runs
        });
        let tracer = Tracer::start(&["--duration", "60s"]).unwrap();
        let start = Instant::now();
        std::thread::sleep(LOOKED_AT);
        tracer.interrupt().unwrap();
        traced.store(false, Ordering::Relaxed);
        (runner.join().unwrap(), start.elapsed())
    });
    let timed = program.info().unwrap().run_count();
    assert!(timed > 0, "its cost is measured at the start");
    assert!(timed < runs / 4, "{timed} of {runs} runs were timed, in {traced_for:?}");
}
