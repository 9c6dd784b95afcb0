//! What processes use, as the kernel says it.

use std::io::Error;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::lab::memory::Memory;

/// CPU time and memory of a process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Usage {
    /// Of all its threads, those that have ended too, milliseconds.
    pub(super) cpu_ms: f64,
    /// Resident memory (`VmRSS`), bytes.
    pub(super) resident_bytes: u64,
    /// The most that it ever was (`VmHWM`), bytes.
    pub(super) peak_bytes: u64,
    /// Open file descriptors.
    pub(super) descriptors: usize,
}

impl Usage {
    /// Of that process now.
    pub(super) fn of(pid: u32) -> Result<Self> {
        let memory = Memory::of(pid)?;
        let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd"))?.count();
        Ok(Self {
            cpu_ms: cpu_time(pid)?.as_secs_f64() * 1000.0,
            resident_bytes: memory.resident,
            peak_bytes: memory.peak,
            descriptors,
        })
    }

    /// Of all of them together.
    pub(super) fn of_all(pids: &[u32]) -> Result<Self> {
        let nothing = Self { cpu_ms: 0.0, resident_bytes: 0, peak_bytes: 0, descriptors: 0 };
        pids.iter().try_fold(nothing, |sum, pid| {
            let one = Self::of(*pid)?;
            Ok(Self {
                cpu_ms: sum.cpu_ms + one.cpu_ms,
                resident_bytes: sum.resident_bytes + one.resident_bytes,
                peak_bytes: sum.peak_bytes + one.peak_bytes,
                descriptors: sum.descriptors + one.descriptors,
            })
        })
    }
}

/// CPU time between two looks, in percent of one CPU.
#[derive(Debug)]
pub(super) struct Meter {
    start: Instant,
    before: Usage,
}

impl Meter {
    pub(super) fn start(pids: &[u32]) -> Result<Self> {
        Ok(Self { before: Usage::of_all(pids)?, start: Instant::now() })
    }

    pub(super) fn percent(&self, pids: &[u32]) -> Result<f64> {
        Ok(percent(Usage::of_all(pids)?.cpu_ms - self.before.cpu_ms, self.start.elapsed()))
    }
}

fn percent(cpu_ms: f64, elapsed: Duration) -> f64 {
    cpu_ms / (elapsed.as_secs_f64() * 1000.0).max(1e-3) * 100.0
}

/// The process's CPU clock (clock_getcpuclockid(3)), which counts nanoseconds; /proc counts ticks.
fn cpu_time(pid: u32) -> Result<Duration> {
    let mut clock: libc::clockid_t = 0;
    // SAFETY: the pointer is that of a live local.
    let error = unsafe { libc::clock_getcpuclockid(pid.try_into()?, &raw mut clock) };
    if error != 0 {
        return Err(Error::from_raw_os_error(error)).with_context(|| format!("no clock of process {pid}"));
    }
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: as above.
    if unsafe { libc::clock_gettime(clock, &raw mut time) } != 0 {
        return Err(Error::last_os_error().into());
    }
    Ok(Duration::new(time.tv_sec.try_into()?, time.tv_nsec.try_into()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_the_time_is_half_of_a_cpu() {
        assert_eq!(percent(50.0, Duration::from_secs(2)), 2.5);
    }

    #[test]
    fn this_process_uses_something() {
        let usage = Usage::of(std::process::id()).unwrap();
        assert!(usage.resident_bytes > 100_000 && usage.peak_bytes >= usage.resident_bytes, "{usage:?}");
        assert!(usage.descriptors >= 3 && usage.cpu_ms > 0.0, "{usage:?}");
    }
}
