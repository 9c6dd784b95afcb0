//! Waiting for something to become true, bounded, and cut short by Ctrl-C.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How often a condition is looked at that the kernel has no event for.
const POLL: Duration = Duration::from_millis(10);

/// How long a clean-up may wait for the kernel before it gives up and says so.
pub(crate) const GIVE_UP: Duration = Duration::from_secs(5);

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// Makes every wait in the lab fail from now on, so that the guards clean up. Safe in a signal handler.
pub fn interrupt() {
    INTERRUPTED.store(true, Ordering::Relaxed);
}

/// Whether [`interrupt`] was called.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::Relaxed)
}

/// A duration times `MTUTRACE_PATIENCE` (1 without it): in an emulated machine everything but the clock is slower.
pub fn patient(duration: Duration) -> Duration {
    static FACTOR: LazyLock<u32> = LazyLock::new(|| {
        let factor = std::env::var("MTUTRACE_PATIENCE").ok().and_then(|text| text.parse().ok());
        factor.unwrap_or(1).clamp(1, 100)
    });
    duration * *FACTOR
}

/// Lets time pass, where time itself is what is measured.
pub fn pass(duration: Duration) -> Result<()> {
    let start = Instant::now();
    loop {
        if interrupted() {
            bail!("interrupted");
        }
        let left = duration.saturating_sub(start.elapsed());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(POLL));
    }
}

/// Asks `probe` until it answers, at most for `timeout` (as [`patient`] says); `what` names the thing in the error.
pub fn until<T>(what: &str, timeout: Duration, mut probe: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let (start, timeout) = (Instant::now(), patient(timeout));
    loop {
        if let Some(found) = probe()? {
            return Ok(found);
        }
        if interrupted() {
            bail!("interrupted while waiting for {what}");
        }
        if start.elapsed() >= timeout {
            bail!("{what}: not within {timeout:?}");
        }
        std::thread::sleep(POLL);
    }
}
