//! What the probes are told: whether the run is alive, and whether what it finds gets out.
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::output::queue::Backlog;

/// The session says every 100 to 500 ms that it lives; after this it is no longer ready,
const SILENT: Duration = Duration::from_secs(5);
/// and after this it is taken for dead.
const DEAD: Duration = Duration::from_secs(30);
/// A reader that takes nothing for so long does not read.
const STUCK: Duration = Duration::from_secs(5);
/// Nothing must have been left out for so long.
const WHOLE: Duration = Duration::from_secs(10);

/// How a run is.
#[derive(Debug, Default)]
pub(super) struct Health {
    /// Every hook is attached.
    ready: AtomicBool,
    /// When the session was heard of last, CLOCK_MONOTONIC nanoseconds; 0 before.
    heard_ns: AtomicU64,
    output: Mutex<Output>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Output {
    backlog: Backlog,
    /// When lines were left out last.
    left_out_ns: Option<u64>,
}

impl Health {
    /// Every hook is attached.
    pub(super) fn set_ready(&self) {
        self.ready.store(true, Ordering::Relaxed);
    }

    /// The session lives, and this is what its reader has not taken.
    pub(super) fn heard(&self, now_ns: u64, backlog: Backlog) {
        let mut output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        if backlog.unwritten > output.backlog.unwritten {
            output.left_out_ns = Some(now_ns);
        }
        output.backlog = backlog;
        self.heard_ns.store(now_ns, Ordering::Relaxed);
    }

    /// What the reader has not taken.
    pub(super) fn backlog(&self) -> Backlog {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).backlog
    }

    /// Why the run is not ready, if it is not.
    pub(super) fn not_ready(&self, now_ns: u64) -> Option<String> {
        if !self.ready.load(Ordering::Relaxed) {
            return Some("hooks are being attached".to_owned());
        }
        if self.silence(now_ns) > SILENT {
            return Some(format!("the run has not been heard of for {} s", self.silence(now_ns).as_secs()));
        }
        let Output { backlog, left_out_ns } = *self.output.lock().unwrap_or_else(PoisonError::into_inner);
        if backlog.stuck >= STUCK {
            return Some(format!(
                "nobody has read stdout for {} s: {} bytes wait, and {} lines were left out",
                backlog.stuck.as_secs(),
                backlog.bytes,
                backlog.unwritten
            ));
        }
        let lately = |at: u64| Duration::from_nanos(now_ns.saturating_sub(at)) < WHOLE;
        left_out_ns.is_some_and(lately).then(|| {
            format!("stdout is not read fast enough: {} lines were left out so far", backlog.unwritten)
        })
    }

    /// Why the run should be started again, if it should.
    pub(super) fn not_alive(&self, now_ns: u64) -> Option<String> {
        let silence = self.silence(now_ns);
        (silence > DEAD).then(|| format!("the run has not been heard of for {} s", silence.as_secs()))
    }

    fn silence(&self, now_ns: u64) -> Duration {
        match self.heard_ns.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            heard => Duration::from_nanos(now_ns.saturating_sub(heard)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn backlog(stuck: u64, unwritten: u64) -> Backlog {
        Backlog { bytes: 7, stuck: Duration::from_secs(stuck), unwritten, limited: 0 }
    }

    #[test]
    fn it_is_ready_while_its_output_gets_out() {
        let health = Health::default();
        let why = |now: u64| health.not_ready(now * SECOND).unwrap_or_default();
        assert_eq!(why(1), "hooks are being attached");
        health.set_ready();
        assert_eq!(why(1), "", "it has just begun");
        health.heard(SECOND, backlog(4, 0));
        assert_eq!(why(1), "");
        health.heard(2 * SECOND, backlog(5, 0));
        assert!(why(2).starts_with("nobody has read stdout for 5 s: 7 bytes wait"), "{}", why(2));
        health.heard(3 * SECOND, backlog(0, 9));
        assert_eq!(why(4), "stdout is not read fast enough: 9 lines were left out so far");
        health.heard(13 * SECOND, backlog(0, 9));
        assert_eq!(why(13), "", "nothing was left out lately");
    }

    #[test]
    fn who_is_not_heard_of_is_not_ready_and_then_not_alive() {
        let health = Health::default();
        assert_eq!(health.not_alive(99 * SECOND), None, "it is starting");
        health.set_ready();
        health.heard(SECOND, Backlog::default());
        let state =
            |now: u64| (health.not_ready(now * SECOND).is_some(), health.not_alive(now * SECOND).is_some());
        assert_eq!([state(6), state(7), state(32)], [(false, false), (true, false), (true, true)]);
    }
}
