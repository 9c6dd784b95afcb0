//! What ends a run from outside.
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::telemetry::clock::{measure, monotonic_ns};

/// Exit code of a run that was ended at once: 128 + SIGINT, as shells say it.
const AT_ONCE: i32 = 130;
/// `timeout` sends each signal twice, to its child and to its process group: so soon it is the same one.
const SAME_SIGNAL: Duration = Duration::from_millis(200);

/// What somebody wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The end.
    End,
    /// What the flight recorder has.
    Dump,
}

/// SIGINT, SIGTERM and SIGHUP. The first one ends the run in order; the next one ends the process at once, from within its
/// handler, whatever hangs.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Signal>,
    dump: Option<Signal>,
    ending: Ending,
}

impl Signals {
    /// Starts to listen. SIGHUP stays ignored if it is (nohup(1)).
    ///
    /// # Errors
    /// When the handlers cannot be installed.
    pub(crate) fn new() -> io::Result<Signals> {
        // Before a handler asks for the time.
        measure();
        let ending = Ending::default();
        let listen = |kind: SignalKind| {
            let handled = ending.clone();
            let action = move || {
                if handled.begin() == Begun::Before {
                    // SAFETY: async-signal-safe (signal-safety(7)); nothing of this process runs any more.
                    unsafe { libc::_exit(AT_ONCE) }
                }
            };
            // SAFETY: the action reads a clock, uses an atomic, and ends the process: all of it async-signal-safe.
            unsafe { signal_hook_registry::register(kind.as_raw_value(), action)? };
            signal(kind)
        };
        Ok(Signals {
            hangup: if is_ignored(libc::SIGHUP) { None } else { Some(listen(SignalKind::hangup())?) },
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            dump: None,
            ending,
        })
    }

    /// SIGUSR1 means from now on that somebody wants what the flight recorder has; it would end the process otherwise.
    ///
    /// # Errors
    /// When the handler cannot be installed.
    pub(crate) fn expect_dumps(&mut self) -> io::Result<()> {
        self.dump = Some(signal(SignalKind::user_defined1())?);
        Ok(())
    }

    /// Waits for the first one that ends the run, or for one that wants what the flight recorder has.
    pub(crate) async fn next(&mut self) -> Heard {
        let mut dump = self.dump.take();
        let asked = async {
            match &mut dump {
                Some(dump) => drop(dump.recv().await),
                None => std::future::pending().await,
            }
        };
        let heard = tokio::select! {
            () = self.wait() => Heard::End,
            () = asked => Heard::Dump,
        };
        self.dump = dump;
        heard
    }

    /// Waits for the first one.
    pub(crate) async fn wait(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => drop(hangup.recv().await),
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = hangup => {}
        }
    }

    /// Whether the run is to end.
    pub(crate) fn is_ending(&self) -> bool {
        self.ending.0.load(Ordering::Relaxed) != 0
    }

    /// The run ends, for whatever reason: from now on a signal ends the process.
    pub(crate) fn end(&self) {
        self.ending.begin();
    }
}

/// When the end began, CLOCK_MONOTONIC nanoseconds; 0 before.
#[derive(Clone, Default)]
struct Ending(Arc<AtomicU64>);

#[derive(Debug, PartialEq, Eq)]
enum Begun {
    Now,
    /// A moment ago.
    JustNow,
    Before,
}

impl Ending {
    fn begin(&self) -> Begun {
        self.begin_at(monotonic_ns())
    }

    fn begin_at(&self, now_ns: u64) -> Begun {
        match self.0.compare_exchange(0, now_ns.max(1), Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => Begun::Now,
            Err(before_ns) if Duration::from_nanos(now_ns.saturating_sub(before_ns)) < SAME_SIGNAL => {
                Begun::JustNow
            }
            Err(_) => Begun::Before,
        }
    }
}

fn is_ignored(signal: libc::c_int) -> bool {
    // SAFETY: sigaction is plain data for which zeros are valid.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: no new action is given, and `action` may be written to.
    let result = unsafe { libc::sigaction(signal, std::ptr::null(), &raw mut action) };
    result == 0 && action.sa_sigaction == libc::SIG_IGN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signal_that_comes_twice_at_a_time_is_one() {
        let (ending, later) = (Ending::default(), 7 + SAME_SIGNAL.as_nanos() as u64);
        let begun = [7, 8, later - 1, later, later + 1].map(|now_ns| ending.begin_at(now_ns));
        assert_eq!(begun, [Begun::Now, Begun::JustNow, Begun::JustNow, Begun::Before, Begun::Before]);
    }
}
