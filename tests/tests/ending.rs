//! The end of a run: nothing holds it up, and who does not want to wait need not.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mtutrace_tests::check::{has_tcx, skip};
use mtutrace_tests::lab::leaks::Held;
use mtutrace_tests::lab::name;
use mtutrace_tests::lab::netns::NetNs;
use mtutrace_tests::lab::stalled::StalledReader;
use mtutrace_tests::lab::tracer::Tracer;
use mtutrace_tests::lab::wait;

/// What comes sooner is taken for the same signal.
const APART: Duration = Duration::from_millis(250);
const SOON: Duration = Duration::from_secs(30);
/// Each has two ends, and each end one classifier: what leaves by it is looked at where it comes in.
const PAIRS: usize = 100;
/// A run attaches to all that is on the node: one after the other.
static ALONE: Mutex<()> = Mutex::new(());

#[test]
fn a_second_signal_ends_at_once_whatever_hangs() {
    if skip() {
        return;
    }
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
        let reader = StalledReader::new(&format!("stalled-{signal}")).unwrap();
        let tracer = Tracer::start_by(reader.command(false).unwrap(), &["--duration", "120s"]).unwrap();
        tracer.signal(signal).unwrap();
        std::thread::sleep(wait::patient(APART));
        tracer.signal(signal).unwrap();
        let end = tracer.finish().unwrap();
        assert_eq!(end.code, Some(130), "signal {signal}: {}", end.stderr);
    }
}

/// As `timeout` does it: once to its child, once to the whole of its process group.
#[test]
fn a_signal_that_comes_twice_at_a_time_is_one() {
    if skip() {
        return;
    }
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let tracer = Tracer::start(&["--duration", "120s"]).unwrap();
    tracer.signal(libc::SIGTERM).unwrap();
    tracer.signal(libc::SIGTERM).unwrap();
    let end = tracer.finish().unwrap();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    assert!(
        end.of_kind("status").pop().unwrap()["duration_ms"].is_u64(),
        "the final report: {:?}",
        end.lines
    );
}

/// The kernel takes 13 ms to detach one of them, and as long when their owner is killed.
#[test]
fn hundreds_of_classifiers_do_not_hold_up_the_end() {
    if skip() {
        return;
    }
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let [near, far] = ["near", "far"].map(|side| NetNs::create(&format!("{}-{side}", name::own())).unwrap());
    let pair = |n| format!("link add n{n} type veth peer name f{n} netns {}\nlink set n{n} up\n", far.name());
    near.ip(&(0..PAIRS).map(pair).collect::<String>()).unwrap();
    far.ip(&(0..PAIRS).map(|n| format!("link set f{n} up\n")).collect::<String>()).unwrap();

    let tracer = Tracer::start(&["--duration", "120s"]).unwrap();
    let held = Held::by(tracer.pid()).unwrap();
    let end = tracer.interrupt().unwrap();
    let left = held.links_left().unwrap();
    assert_eq!(end.code, Some(0), "{}", end.stderr);
    assert_eq!(end.last_of_kind("status").len(), 1, "the final report: {:?}", end.last);
    if has_tcx() {
        assert!(held.links.len() >= PAIRS, "{} links", held.links.len());
        let expedited = std::fs::read_to_string("/sys/kernel/rcu_expedited").unwrap_or_default();
        let waited = left < held.links.len() / 2 && expedited.trim() != "1";
        assert!(
            !waited,
            "it ended only after the kernel had detached all but {left} of {}",
            held.links.len()
        );
    }
    held.await_gone(SOON).unwrap();
}
