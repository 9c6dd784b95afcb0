//! Ordinary traffic along a path, with and without a tool, by turns.

use std::time::Duration;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::path::Path;
use super::runs::{Counting, Runs, Share, name};
use super::spread::Spread;
use super::tool::{Running, Tool};
use super::usage::{Meter, Usage};
use crate::lab::wait;

/// What one tool costs on one path.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// The path.
    pub path: String,
    /// The tool; `nothing` is the path by itself.
    pub tool: String,
    /// Why it could not be measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<String>,
    /// UDP packets of 64 bytes that arrived in a second.
    pub packets: Option<Spread>,
    /// The same over that of nothing right before.
    pub packets_ratio: Option<Spread>,
    /// CPU time of the path for each of them, nanoseconds.
    pub packet_ns: Option<Spread>,
    /// The same over that of nothing right before.
    pub packet_ns_ratio: Option<Spread>,
    /// Megabits a second of one TCP connection.
    pub megabits: Option<Spread>,
    /// Likewise.
    pub megabits_ratio: Option<Spread>,
    /// CPU time of the path on the sender's side for a kilobyte of it, nanoseconds.
    pub kilobyte_ns: Option<Spread>,
    /// Likewise.
    pub kilobyte_ns_ratio: Option<Spread>,
    /// The tool's CPU time during both, percent of one CPU.
    pub cpu_percent: Option<Spread>,
    /// Its resident memory afterwards, bytes.
    pub resident_bytes: Option<Spread>,
    /// From its start until it sees packets, milliseconds.
    pub ready_ms: Option<Spread>,
    /// CPU time without traffic, percent of one CPU.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_percent: Option<f64>,
    /// Events that it lost, all rounds together; only mtutrace says so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost: Option<u64>,
    /// What its BPF programs did for each packet of 64 bytes, the dearest first.
    pub programs: Vec<Share>,
}

/// From when a tool is ready to the first packet.
const STARTED: Duration = Duration::from_secs(1);

/// How much is measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Plan {
    /// Rounds of nothing and each tool by turns.
    pub(super) rounds: usize,
    /// How long UDP and TCP run each time.
    pub(super) length: Duration,
    /// How long all tools idle; not at all where it is zero.
    pub(super) idle: Duration,
}

/// What one round brought.
#[derive(Debug, Clone, Copy)]
struct Load {
    packets: f64,
    packet_ns: f64,
    megabits: f64,
    kilobyte_ns: f64,
}

impl Load {
    fn run(path: &Path, length: Duration) -> Result<Self> {
        let line = path.line();
        let ((packets, datagrams), bytes) = (line.packets(length)?, line.bytes(length)?);
        Ok(Self {
            packets,
            packet_ns: datagrams.each_ns(),
            megabits: bytes.each_second() * 8.0 / 1e6,
            kilobyte_ns: bytes.each_ns() * 1000.0,
        })
    }
}

/// All rounds of one tool.
#[derive(Debug, Default)]
struct Rounds {
    missing: Option<String>,
    /// Nothing, then the tool.
    loads: Vec<(Load, Load)>,
    cpu_percent: Vec<f64>,
    resident_bytes: Vec<f64>,
    ready_ms: Vec<f64>,
    lost: Option<u64>,
    programs: Vec<Share>,
}

impl Rounds {
    fn row(self, path: &Path, tool: Tool) -> Row {
        let with = |number: fn(&Load) -> f64| self.loads.iter().map(move |(_, with)| number(with));
        let pairs = |number: fn(&Load) -> f64| {
            self.loads.iter().map(move |(without, with)| (number(without), number(with)))
        };
        Row {
            path: path.name().to_owned(),
            tool: tool.name().to_owned(),
            packets: Spread::of(with(|load| load.packets)),
            packets_ratio: Spread::of_ratios(pairs(|load| load.packets)),
            packet_ns: Spread::of(with(|load| load.packet_ns)),
            packet_ns_ratio: Spread::of_ratios(pairs(|load| load.packet_ns)),
            megabits: Spread::of(with(|load| load.megabits)),
            megabits_ratio: Spread::of_ratios(pairs(|load| load.megabits)),
            kilobyte_ns: Spread::of(with(|load| load.kilobyte_ns)),
            kilobyte_ns_ratio: Spread::of_ratios(pairs(|load| load.kilobyte_ns)),
            cpu_percent: Spread::of(self.cpu_percent),
            resident_bytes: Spread::of(self.resident_bytes),
            ready_ms: Spread::of(self.ready_ms),
            idle_percent: None,
            lost: self.lost,
            programs: self.programs,
            missing: self.missing,
        }
    }

    fn round(&mut self, tool: Tool, path: &Path, length: Duration) -> Result<()> {
        let without = Load::run(path, length)?;
        let running = match tool.start(path) {
            Ok(running) => running,
            Err(error) if wait::interrupted() => return Err(error),
            Err(error) => {
                self.missing = Some(error.to_string());
                return Ok(());
            }
        };
        let pids = running.pids();
        // What a tool does once it is ready is part of its start.
        wait::pass(STARTED)?;
        let meter = Meter::start(&pids)?;
        self.loads.push((without, Load::run(path, length)?));
        self.cpu_percent.push(meter.percent(&pids)?);
        self.resident_bytes.push(Usage::of_all(&pids)?.resident_bytes as f64);
        self.ready_ms.push(running.ready.as_secs_f64() * 1000.0);
        if self.programs.is_empty() {
            self.programs = shares(path, &running, length)?;
        }
        if let Some(status) = running.stop()? {
            *self.lost.get_or_insert_default() += lost(&status);
        }
        Ok(())
    }
}

/// What the tool's programs do for a packet. Counting costs time, so nothing else is measured meanwhile.
fn shares(path: &Path, running: &Running, length: Duration) -> Result<Vec<Share>> {
    let (_counting, pids) = (Counting::start()?, running.pids());
    let before = Runs::of(&pids)?;
    let (_, sent) = path.line().packets(length)?;
    Ok(Runs::of(&pids)?.per_packet(&before, sent.count, name))
}

/// Events that found no room, and runs that the kernel left out.
pub(super) fn lost(status: &Value) -> u64 {
    ["lost", "missed"].iter().filter_map(|field| status[*field].as_u64()).sum()
}

/// Every tool on a path, `nothing` first.
pub(super) fn measure(path: &Path, plan: &Plan, mut say: impl FnMut(&str)) -> Result<Vec<Row>> {
    let mut all = Tool::ALL.map(|tool| (tool, Rounds::default()));
    for round in 1..=plan.rounds {
        for (tool, rounds) in all.iter_mut().filter(|(_, rounds)| rounds.missing.is_none()) {
            say(&format!("{} path, round {round} of {}: {}", path.name(), plan.rounds, tool.name()));
            rounds.round(*tool, path, plan.length)?;
        }
    }
    let nothing = all.iter().flat_map(|(_, rounds)| rounds.loads.iter().map(|(without, _)| *without));
    let nothing = nothing.collect::<Vec<_>>();
    let mut rows = vec![Row {
        path: path.name().to_owned(),
        tool: "nothing".to_owned(),
        packets: Spread::of(nothing.iter().map(|load| load.packets)),
        packet_ns: Spread::of(nothing.iter().map(|load| load.packet_ns)),
        megabits: Spread::of(nothing.iter().map(|load| load.megabits)),
        kilobyte_ns: Spread::of(nothing.iter().map(|load| load.kilobyte_ns)),
        ..Row::default()
    }];
    rows.extend(all.into_iter().map(|(tool, rounds)| rounds.row(path, tool)));
    if !plan.idle.is_zero() {
        say(&format!("{} path: all of them without traffic, {} s", path.name(), plan.idle.as_secs()));
        idle(path, plan.idle, &mut rows)?;
    }
    Ok(rows)
}

/// All tools side by side, nothing to see.
fn idle(path: &Path, length: Duration, rows: &mut [Row]) -> Result<()> {
    let mut running = Vec::new();
    for row in rows {
        let tool = Tool::ALL.into_iter().find(|tool| row.tool == tool.name() && row.missing.is_none());
        if let Some(tool) = tool {
            running.push((row, tool.start(path)?));
        }
    }
    let meters = running.iter().map(|(_, tool)| Meter::start(&tool.pids())).collect::<Result<Vec<_>>>()?;
    wait::pass(length)?;
    for ((row, tool), meter) in running.into_iter().zip(meters) {
        row.idle_percent = Some(meter.percent(&tool.pids())?);
        tool.stop()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_unknown_is_not_lost() {
        assert_eq!(lost(&json!({"lost": 3, "missed": 4})), 7);
        assert_eq!(lost(&json!({"lost": 3})), 3);
        assert_eq!(lost(&json!({})), 0);
    }
}
