//! What ends a run from outside.
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use signal_hook::flag;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Exit code of a run that was ended at once: 128 + SIGINT, as shells say it.
const AT_ONCE: i32 = 130;

/// SIGINT, SIGTERM and SIGHUP. The first one ends the run in order; the next one ends the process at once, from within its
/// handler, whatever hangs.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Signal>,
    ending: Arc<AtomicBool>,
}

impl Signals {
    /// Starts to listen. SIGHUP stays ignored if it is (nohup(1)).
    ///
    /// # Errors
    /// When the handlers cannot be installed.
    pub(super) fn new() -> io::Result<Signals> {
        let ending = Arc::new(AtomicBool::new(false));
        let listen = |kind: SignalKind| {
            // In this order: the flag that the first one sets is seen by the second one.
            flag::register_conditional_shutdown(kind.as_raw_value(), AT_ONCE, Arc::clone(&ending))?;
            flag::register(kind.as_raw_value(), Arc::clone(&ending))?;
            signal(kind)
        };
        Ok(Signals {
            hangup: if is_ignored(libc::SIGHUP) { None } else { Some(listen(SignalKind::hangup())?) },
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
            ending,
        })
    }

    /// Waits for the first one.
    pub(super) async fn wait(&mut self) {
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
    pub(super) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Relaxed)
    }

    /// The run ends for another reason: the first signal is now the one that ends the process.
    pub(super) fn end(&self) {
        self.ending.store(true, Ordering::Relaxed);
    }
}

fn is_ignored(signal: libc::c_int) -> bool {
    // SAFETY: sigaction is plain data for which zeros are valid.
    let mut action: libc::sigaction = unsafe { std::mem::zeroed() };
    // SAFETY: no new action is given, and `action` may be written to.
    let result = unsafe { libc::sigaction(signal, std::ptr::null(), &raw mut action) };
    result == 0 && action.sa_sigaction == libc::SIG_IGN
}
