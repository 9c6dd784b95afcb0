//! Which CPUs senders and receivers run on: the same ones in every measurement; and what the kernel does there for them.

use std::fs;
use std::io::Error;
use std::sync::LazyLock;

use anyhow::Result;

/// The first and the last of the CPUs that this process may use; one twice where there is no other.
pub(super) fn ends() -> Result<(usize, usize)> {
    // SAFETY: a cpu_set_t is an array of integers; zeros are the empty set.
    let mut set: libc::cpu_set_t = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel writes at most the size that is passed beside the set.
    if unsafe { libc::sched_getaffinity(0, size_of_val(&set), &raw mut set) } != 0 {
        return Err(Error::last_os_error().into());
    }
    // SAFETY: numbers below CPU_SETSIZE are in the set's array.
    let ours = (0..libc::CPU_SETSIZE as usize).filter(|cpu| unsafe { libc::CPU_ISSET(*cpu, &set) });
    let ours = ours.collect::<Vec<_>>();
    Ok((ours.first().copied().unwrap_or(0), ours.last().copied().unwrap_or(0)))
}

/// CPU time of packets on a CPU that is charged to no sender, nanoseconds so far: that of its ksoftirqd, and all softirqs on
/// kernels that account for them by themselves.
pub(super) fn softirqs_ns(cpu: usize) -> u64 {
    let thread = ksoftirqd(cpu).and_then(|pid| fs::read_to_string(format!("/proc/{pid}/schedstat")).ok());
    // The first number is the time on the CPU, nanoseconds (Documentation/scheduler/sched-stats.rst).
    let thread = thread.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0);
    if !*ACCOUNTED_APART {
        return thread;
    }
    let ticks = fs::read_to_string("/proc/stat").ok().and_then(|text| softirq_ticks(&text, cpu)).unwrap_or(0);
    thread + ticks * (1_000_000_000 / hertz())
}

/// Ticks in a second, in which /proc counts CPU time.
fn hertz() -> u64 {
    // SAFETY: sysconf takes no pointers.
    unsafe { libc::sysconf(libc::_SC_CLK_TCK) }.max(1) as u64
}

/// CONFIG_IRQ_TIME_ACCOUNTING, where this kernel tells its configuration.
static ACCOUNTED_APART: LazyLock<bool> = LazyLock::new(|| {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let packed = std::process::Command::new("zcat").arg("/proc/config.gz").output();
    let packed =
        packed.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
    let plain = fs::read_to_string(format!("/boot/config-{}", release.trim())).unwrap_or_default();
    [packed, plain].iter().any(|text| text.lines().any(|line| line == "CONFIG_IRQ_TIME_ACCOUNTING=y"))
});

fn ksoftirqd(cpu: usize) -> Option<u32> {
    let name = format!("ksoftirqd/{cpu}");
    let pids = fs::read_dir("/proc").ok()?.flatten();
    let mut pids = pids.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.find(|pid| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|comm| comm.trim() == name))
}

/// The seventh number of a CPU's line (proc(5)).
fn softirq_ticks(stat: &str, cpu: usize) -> Option<u64> {
    let line = stat.lines().find_map(|line| line.strip_prefix(&format!("cpu{cpu} ")))?;
    line.split_whitespace().nth(6)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softirqs_of_that_cpu() {
        let stat = "cpu  9 9 9 9 9 9 9\ncpu1 1 2 3 4 5 6 7 8 9 10\ncpu11 1 1 1 1 1 1 42 1\n";
        assert_eq!((softirq_ticks(stat, 1), softirq_ticks(stat, 11)), (Some(7), Some(42)));
        assert_eq!(softirq_ticks(stat, 2), None);
    }

    #[test]
    fn the_first_is_not_behind_the_last() {
        let (first, last) = ends().unwrap();
        assert!(first <= last);
    }
}
