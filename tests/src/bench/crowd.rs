//! A node with more and more containers: how long mtutrace takes to start and to end, what it holds, and what a packet costs.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use super::load::{Line, Sink};
use super::runs::{Counting, Runs, Share, name};
use super::spread::Spread;
use super::usage::{Meter, Usage};
use crate::lab::crowd::Crowd;
use crate::lab::leaks::Held;
use crate::lab::netns::NetNs;
use crate::lab::tracer::{End, Tracer};
use crate::lab::traffic::spawn;
use crate::lab::wait;

/// The address of the bridge, to which the first container sends.
const BRIDGE: &str = "10.42.0.1";
const PATIENCE: Duration = Duration::from_secs(120);

/// A node with so many containers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Containers, each with one veth, a thousand on one bridge.
    pub containers: usize,
    /// Devices that carry classifiers, on the whole machine.
    pub interfaces: u64,
    /// From its start until it says that it is ready, milliseconds: the host's devices carry classifiers, and a share of each other
    /// namespace's.
    pub ready_ms: Spread,
    /// From its start until nothing more is attached; nothing where that took too long, or the kernel has no links for it.
    #[serde(default)]
    pub attached_ms: Option<Spread>,
    /// From Ctrl-C until it has ended, milliseconds.
    pub end_ms: Spread,
    /// CPU time until it was ready, milliseconds.
    pub start_cpu_ms: Spread,
    /// Resident memory, bytes.
    pub resident_bytes: Spread,
    /// The most that it was.
    pub peak_bytes: Spread,
    /// File descriptors.
    pub descriptors: Spread,
    /// CPU time without traffic, percent of one CPU.
    pub idle_percent: Spread,
    /// CPU time of the path for a packet of 64 bytes without mtutrace, nanoseconds.
    pub without_ns: Spread,
    /// The same with it.
    pub with_ns: Spread,
    /// With over without, neighbours compared.
    pub ratio: Spread,
    /// What its programs did for each packet, the dearest first.
    pub programs: Vec<Share>,
}

/// How much is measured.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// Containers, upwards.
    pub(super) sizes: Vec<usize>,
    /// Starts of mtutrace where they are quick; where there are many containers, one.
    pub(super) starts: usize,
    /// Measurements of packets in each phase.
    pub(super) samples: usize,
    /// How long each takes.
    pub(super) length: Duration,
    /// From its start until it is at rest: what is new is looked at more closely at first.
    pub(super) settles: Duration,
    /// How long it idles then.
    pub(super) idle: Duration,
}

/// More containers than this: one start.
const MANY: usize = 200;
/// A bridge has 1,023 ports (`BR_MAX_PORTS`): the next ones are on another, in another namespace.
const PORTS: usize = 1000;

/// One crowd that grows.
pub(super) fn measure(plan: &Plan, mut say: impl FnMut(&str)) -> Result<Vec<Row>> {
    let (mut crowd, mut beyond) = (Crowd::fitting(0)?, None);
    let _sink = Sink::start(&crowd.hub)?;
    let mut rows = Vec::new();
    for size in &plan.sizes {
        say(&format!("containers: {size}"));
        grow(&mut crowd, PORTS.min(*size))?;
        await_silence(&crowd.hub)?;
        if let Some(size) = size.checked_sub(PORTS).filter(|size| *size > 0) {
            let other = match &mut beyond {
                Some(other) => other,
                none => none.insert(Crowd::fitting(0)?),
            };
            grow(other, size)?;
            await_silence(&other.hub)?;
        }
        let starts = if *size > MANY { 1 } else { plan.starts };
        let starts =
            (1..=starts).map(|n| Start::measure(&crowd, plan, n == starts)).collect::<Result<Vec<_>>>()?;
        rows.push(row(*size, &starts).context("nothing was measured")?);
    }
    Ok(rows)
}

/// Step by step: a signal is to be heeded meanwhile.
fn grow(crowd: &mut Crowd, size: usize) -> Result<()> {
    const STEP: usize = 25;
    while crowd.pods.len() < size {
        wait::pass(Duration::ZERO)?;
        crowd.add(STEP.min(size - crowd.pods.len()))?;
    }
    Ok(())
}

/// New ports of a bridge have news for a quarter of a minute, and each is heard and looked at: waits until they have none.
fn await_silence(hub: &NetNs) -> Result<()> {
    const SILENCE: Duration = Duration::from_secs(5);
    let mut command = Command::new("ip");
    let (_monitor, lines) = spawn(command.args(["-n", hub.name(), "monitor", "link"]))?;
    let start = Instant::now();
    while lines.recv_timeout(SILENCE).is_ok() {
        anyhow::ensure!(start.elapsed() < PATIENCE, "{} still has news of its links", hub.name());
        wait::pass(Duration::ZERO)?;
    }
    Ok(())
}

/// One start of mtutrace, and what was measured around it.
#[derive(Debug, Default)]
struct Start {
    interfaces: u64,
    ready_ms: f64,
    attached_ms: Option<f64>,
    end_ms: f64,
    start_cpu_ms: f64,
    usage: Option<Usage>,
    idle_percent: Option<f64>,
    /// Without and with, nanoseconds.
    pairs: Vec<(f64, f64)>,
    programs: Vec<Share>,
}

impl Start {
    /// `idles`: it is left alone for a while.
    fn measure(crowd: &Crowd, plan: &Plan, idles: bool) -> Result<Self> {
        let from = crowd.pods.first().context("a crowd is more than nobody")?.place();
        let line = Line { from, to: &crowd.hub, address: BRIDGE };
        let sample = || Ok(line.packets(plan.length)?.1.each_ns());
        let samples = || (0..plan.samples).map(|_| sample()).collect::<Result<Vec<f64>>>();
        let before = samples()?;
        let start = Instant::now();
        let tracer = Tracer::start_within(PATIENCE, &[])?;
        let ready_ms = milliseconds(start);
        let pids = [tracer.pid()];
        let start_cpu_ms = Usage::of_all(&pids)?.cpu_ms;
        let attached_ms = attached(pids[0], start)?;
        let with = samples()?;
        let programs = {
            let _counting = Counting::start()?;
            let before = Runs::of(&pids)?;
            let (_, sent) = line.packets(plan.length)?;
            Runs::of(&pids)?.per_packet(&before, sent.count, name)
        };
        let idle_percent =
            idles.then(|| idle(&pids, plan.settles.saturating_sub(start.elapsed()), plan.idle));
        let (idle_percent, usage) = (idle_percent.transpose()?, Some(Usage::of_all(&pids)?));
        let start = Instant::now();
        let end = tracer.interrupt()?;
        let end_ms = milliseconds(start);
        let pairs = around(&before, &with, &samples()?);
        let interfaces = interfaces(&end);
        Ok(Self {
            interfaces,
            ready_ms,
            attached_ms,
            end_ms,
            start_cpu_ms,
            usage,
            idle_percent,
            pairs,
            programs,
        })
    }
}

/// CPU time without traffic, percent of one CPU.
fn idle(pids: &[u32], settles: Duration, lasts: Duration) -> Result<f64> {
    wait::pass(settles)?;
    let meter = Meter::start(pids)?;
    wait::pass(lasts)?;
    meter.percent(pids)
}

/// Waits until a process holds no more BPF links than a while ago: milliseconds from `start` until it held the last one.
fn attached(pid: u32, start: Instant) -> Result<Option<f64>> {
    const LOOK: Duration = Duration::from_millis(250);
    const STILL: Duration = Duration::from_secs(2);
    let (mut links, mut last) = (Held::by(pid)?.links, Instant::now());
    while last.elapsed() < STILL {
        if start.elapsed() > PATIENCE {
            return Ok(None);
        }
        wait::pass(LOOK)?;
        let now = Held::by(pid)?.links;
        if now != links {
            (links, last) = (now, Instant::now());
        }
    }
    Ok((!links.is_empty()).then(|| (last - start).as_secs_f64() * 1000.0))
}

fn milliseconds(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1000.0
}

/// Each sample beside the mean of those before and after: a drift of the machine cancels out.
fn around(before: &[f64], with: &[f64], after: &[f64]) -> Vec<(f64, f64)> {
    let without = before.iter().zip(after).map(|(before, after)| f64::midpoint(*before, *after));
    without.zip(with.iter().copied()).collect()
}

fn interfaces(end: &End) -> u64 {
    let status = end.of_kind("status").pop();
    status.and_then(|status| status["interfaces"].as_u64()).unwrap_or(0)
}

fn row(containers: usize, starts: &[Start]) -> Option<Row> {
    let spread = |number: fn(&Start) -> f64| Spread::of(starts.iter().map(number));
    let usage = |number: fn(&Usage) -> f64| {
        Spread::of(starts.iter().filter_map(|start| start.usage.as_ref().map(number)))
    };
    let pairs = || starts.iter().flat_map(|start| start.pairs.iter().copied());
    Some(Row {
        containers,
        interfaces: starts.iter().map(|start| start.interfaces).max()?,
        ready_ms: spread(|start| start.ready_ms)?,
        attached_ms: Spread::of(starts.iter().filter_map(|start| start.attached_ms)),
        end_ms: spread(|start| start.end_ms)?,
        start_cpu_ms: spread(|start| start.start_cpu_ms)?,
        resident_bytes: usage(|usage| usage.resident_bytes as f64)?,
        peak_bytes: usage(|usage| usage.peak_bytes as f64)?,
        descriptors: usage(|usage| usage.descriptors as f64)?,
        idle_percent: Spread::of(starts.iter().filter_map(|start| start.idle_percent))?,
        without_ns: Spread::of(pairs().map(|(without, _)| without))?,
        with_ns: Spread::of(pairs().map(|(_, with)| with))?,
        ratio: Spread::of_ratios(pairs())?,
        programs: starts.last()?.programs.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drift_cancels_out() {
        // The machine gets slower by 10 ns in each phase; the tracer adds nothing.
        let pairs = around(&[100.0, 102.0], &[110.0, 112.0], &[120.0, 122.0]);
        assert_eq!(Spread::of_ratios(pairs).unwrap().median, 1.0);
    }

    #[test]
    fn rows_come_from_all_starts() {
        let usage = Usage { cpu_ms: 1.0, resident_bytes: 10, peak_bytes: 20, descriptors: 30 };
        let start = |ready_ms: f64, pairs: Vec<(f64, f64)>| Start {
            ready_ms,
            usage: Some(usage),
            idle_percent: Some(ready_ms / 100.0),
            pairs,
            ..Start::default()
        };
        let row = row(7, &[start(10.0, vec![(100.0, 110.0)]), start(30.0, vec![(100.0, 130.0)])]).unwrap();
        assert_eq!((row.containers, row.ready_ms.median, row.ready_ms.count), (7, 20.0, 2));
        assert!((row.idle_percent.median - 0.2).abs() < 1e-9, "{:?}", row.idle_percent);
        assert!((row.ratio.median - 1.2).abs() < 1e-9, "{:?}", row.ratio);
        assert_eq!(super::row(7, &[]), None);
    }
}
