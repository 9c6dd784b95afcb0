//! What processes use, as /proc says it.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::lab::memory::Memory;

/// CPU time and memory of a process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Usage {
    /// `utime` and `stime`, milliseconds.
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
        let path = format!("/proc/{pid}/stat");
        let stat = std::fs::read_to_string(&path).context(path)?;
        let memory = Memory::of(pid)?;
        let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd"))?.count();
        let ticks = ticks(&stat).with_context(|| format!("no times in {stat}"))?;
        Ok(Self {
            cpu_ms: ticks as f64 / hertz() as f64 * 1000.0,
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

/// Fields 14 and 15 of /proc/PID/stat (proc(5)); the name, field 2, may hold spaces and brackets.
fn ticks(stat: &str) -> Option<u64> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

/// Ticks in a second, in which /proc counts CPU time.
pub(super) fn hertz() -> u64 {
    // SAFETY: sysconf takes no pointers.
    unsafe { libc::sysconf(libc::_SC_CLK_TCK) }.max(1) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "42 (a) b (c)) S 1 42 42 0 -1 4194560 100 0 0 0 250 75 0 0 20 0 5 0 1000 0 0";
        assert_eq!(ticks(stat), Some(325));
        assert_eq!(ticks("42 (a) S 1"), None);
        assert_eq!(percent(50.0, Duration::from_secs(2)), 2.5);
    }

    #[test]
    fn this_process_uses_something() {
        let usage = Usage::of(std::process::id()).unwrap();
        assert!(usage.resident_bytes > 100_000 && usage.peak_bytes >= usage.resident_bytes, "{usage:?}");
        assert!(usage.descriptors >= 3, "{usage:?}");
    }
}
