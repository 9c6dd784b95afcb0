//! mtutrace's own cost, which is part of every report.
use std::io;
use std::os::fd::{OwnedFd, RawFd};
use std::time::{Duration, Instant};

use aya::sys::{Stats, enable_stats};
use hdrhistogram::Histogram;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What one program costs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ProgramCost {
    /// Its name in the kernel.
    pub(crate) program: String,
    /// Runs that were measured (a sample: see [`Sampler`]).
    pub(crate) runs: u64,
    /// Nanoseconds of one run, averaged over the sample.
    pub(crate) ns_per_run: f64,
    /// Runs that the kernel left out since the program was loaded, because another program of ours was running on
    /// that CPU; unknown before Linux 5.12.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) missed: Option<u64>,
}

/// The cost of the run so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Cost {
    /// Of the kernel side.
    pub(crate) programs: Vec<ProgramCost>,
    /// CPU time of this process, milliseconds, reading BTF and symbols and loading programs included.
    pub(crate) cpu_ms: u64,
    /// CPU time since everything is attached, in percent of one CPU.
    pub(crate) cpu_percent: f64,
    /// Resident memory of this process, bytes.
    pub(crate) memory_bytes: u64,
    /// From the packet to the report, microseconds: the median.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) latency_p50_us: Option<u64>,
    /// The 99th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) latency_p99_us: Option<u64>,
}

impl Cost {
    /// One line of text.
    pub(crate) fn words(&self) -> String {
        let tc: Vec<&ProgramCost> =
            self.programs.iter().filter(|p| p.runs > 0 && !p.program.starts_with("mtut_kfree")).collect();
        let runs: u64 = tc.iter().map(|p| p.runs).sum();
        let ns: f64 = tc.iter().map(|p| p.ns_per_run * p.runs as f64).sum();
        // Fewer runs are mostly cold caches.
        let packets = if runs < 1000 {
            String::new()
        } else {
            format!("{:.0} ns/run ({runs} timed), ", ns / runs as f64)
        };
        let megabytes = self.memory_bytes as f64 / 1e6;
        format!("{packets}{:.1}% CPU, {megabytes:.0} MB", self.cpu_percent)
    }
}

/// Has the kernel time BPF programs for a tenth of a second in ten: meanwhile every program of the node takes longer, those of others
/// too. By descriptor, so that it ends with this process.
#[derive(Default)]
pub(crate) struct Sampler {
    on: Option<OwnedFd>,
    since: Option<Instant>,
}

/// The sample's length, and how often one is taken.
const SAMPLE: Duration = Duration::from_millis(100);
const PERIOD: Duration = Duration::from_secs(10);

impl Sampler {
    /// Goes on, with a sample at first; to be called when [`left`](Self::left) is over, else now and then.
    pub(crate) fn tick(&mut self) {
        match self.since.map(|since| since.elapsed()) {
            Some(age) if age < SAMPLE => {}
            Some(age) if age < PERIOD => self.on = None,
            _ => (self.on, self.since) = (enable_stats(Stats::RunTime).ok(), Some(Instant::now())),
        }
    }

    /// Until the end of the sample that is being taken.
    pub(crate) fn left(&self) -> Option<Duration> {
        self.on.as_ref().and(self.since).map(|since| SAMPLE.saturating_sub(since.elapsed()))
    }
}

/// Reads a program's statistics (`bpf_prog_show_fdinfo`). `fd` must be open in this process.
pub(crate) fn program(name: &str, fd: RawFd) -> ProgramCost {
    let text = std::fs::read_to_string(format!("/proc/self/fdinfo/{fd}")).unwrap_or_default();
    statistics(name, &text)
}

fn statistics(name: &str, fdinfo: &str) -> ProgramCost {
    let field =
        |key: &str| fdinfo.lines().find_map(|line| line.strip_prefix(key)?.trim().parse::<u64>().ok());
    let (runs, ns) = (field("run_cnt:").unwrap_or(0), field("run_time_ns:").unwrap_or(0));
    let ns_per_run = if runs == 0 { 0.0 } else { ns as f64 / runs as f64 };
    ProgramCost { program: name.to_owned(), runs, ns_per_run, missed: field("recursion_misses:") }
}

/// Runs that the kernel left out, over all programs, if it counts them.
pub(crate) fn missed(programs: &[ProgramCost]) -> Option<u64> {
    programs.iter().filter_map(|p| p.missed).reduce(u64::saturating_add)
}

/// Bytes of a page of memory.
pub(crate) fn page_size() -> u64 {
    rustix::param::page_size() as u64
}

/// Times from the packet to the report in classes, as Prometheus has them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Buckets {
    /// Upper bound in seconds, and how many were in the class: not more than its bound, more than the one before.
    pub(crate) classes: Vec<(f64, u64)>,
    /// All of them.
    pub(crate) count: u64,
    /// Their sum in seconds, to three digits.
    pub(crate) sum: f64,
}

/// Upper bounds of the classes, microseconds.
const BOUNDS: [u64; 12] =
    [100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000];

/// Times from the packet to the report.
pub(crate) struct Latency(Histogram<u64>);

impl Latency {
    /// Empty; three significant digits, up to a minute.
    pub(crate) fn new() -> Latency {
        // These bounds are valid by hdrhistogram's rules; the fallback keeps this total all the same.
        Latency(
            Histogram::new_with_bounds(1, 60_000_000, 3)
                .unwrap_or_else(|_| Histogram::new(3).unwrap_or_else(|_| unreachable!())),
        )
    }

    /// Adds one, in nanoseconds.
    pub(crate) fn record(&mut self, ns: u64) {
        self.0.saturating_record((ns / 1000).max(1));
    }

    /// Microseconds at a quantile; nothing while it is empty.
    pub(crate) fn quantile(&self, quantile: f64) -> Option<u64> {
        (!self.0.is_empty()).then(|| self.0.value_at_quantile(quantile))
    }

    /// All of them by class.
    pub(crate) fn buckets(&self) -> Buckets {
        let mut counts = [0; BOUNDS.len() + 1];
        let mut sum = 0.0;
        for value in self.0.iter_recorded() {
            let (time, count) = (value.value_iterated_to(), value.count_since_last_iteration());
            let class = BOUNDS.partition_point(|bound| *bound < time);
            if let Some(counted) = counts.get_mut(class) {
                *counted += count;
            }
            sum += time as f64 * count as f64;
        }
        let bounds = BOUNDS.iter().map(|bound| *bound as f64 / 1e6).chain([f64::INFINITY]);
        Buckets { classes: bounds.zip(counts).collect(), count: self.0.len(), sum: sum / 1e6 }
    }
}

impl Default for Latency {
    fn default() -> Latency {
        Latency::new()
    }
}

/// CPU time of this process so far (getrusage), and its resident memory in bytes.
///
/// # Errors
/// When /proc is not there.
pub(crate) fn process() -> io::Result<(Duration, u64)> {
    // SAFETY: rusage is integers only; zeros are valid.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: the pointer is that of a live local.
    if unsafe { libc::getrusage(libc::RUSAGE_SELF, &raw mut usage) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let time = |t: libc::timeval| {
        Duration::new(
            t.tv_sec.try_into().unwrap_or(0),
            u32::try_from(t.tv_usec).unwrap_or(0).saturating_mul(1000),
        )
    };
    let pages: u64 = std::fs::read_to_string("/proc/self/statm")?
        .split_whitespace()
        .nth(1)
        .and_then(|p| p.parse().ok())
        .unwrap_or(0);
    Ok((time(usage.ru_utime) + time(usage.ru_stime), pages * page_size()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Linux 6.18 shows a program.
    const FDINFO: &str = "prog_type:\t17\nrun_time_ns:\t500\nrun_cnt:\t4\nrecursion_misses:\t3\n";

    #[test]
    fn times_fall_into_their_classes() {
        let mut latency = Latency::new();
        [50_000, 100_000, 101_000, 3_000_000_000].into_iter().for_each(|ns| latency.record(ns));
        let buckets = latency.buckets();
        assert_eq!(buckets.classes[..2], [(0.0001, 2), (0.00025, 1)]);
        assert_eq!(buckets.classes.last(), Some(&(f64::INFINITY, 1)));
        assert_eq!(buckets.count, 4);
        assert!((buckets.sum - 3.000_251).abs() < 0.003, "{}", buckets.sum);
    }

    #[test]
    fn misses_are_summed_where_the_kernel_counts_them() {
        let new = statistics("a", FDINFO);
        assert_eq!((new.runs, new.ns_per_run, new.missed), (4, 125.0, Some(3)));
        let old = statistics("b", "run_time_ns:\t0\nrun_cnt:\t0\n");
        assert_eq!((old.runs, old.missed), (0, None));
        assert_eq!(missed(&[old.clone(), new.clone(), new]), Some(6));
        assert_eq!(missed(&[old]), None, "unknown is not 0");
    }
}
