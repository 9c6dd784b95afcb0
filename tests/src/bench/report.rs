//! All of it in one go.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::instructions::Counted;
use super::machine::Machine;
use super::path::Path;
use super::{crowd, events, live, microbench};

/// What was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Version of this layout.
    pub v: u32,
    /// Where and when.
    pub machine: Machine,
    /// A trial, too short to be believed.
    pub quick: bool,
    /// How long it took, seconds.
    pub seconds: f64,
    /// The line of `mtutrace bench -o json`.
    pub bench: Value,
    /// Ordinary traffic.
    pub live: Vec<live::Row>,
    /// Packets that are too big.
    pub events: Vec<events::Row>,
    /// Many containers.
    pub crowd: Vec<crowd::Row>,
    /// Ordinary traffic again, in a guest that counts instructions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<Counted>,
}

/// Measures everything: in about 20 minutes, or a trial of less than two. `say` is told what goes on.
pub fn measure(quick: bool, mut say: impl FnMut(&str)) -> Result<Report> {
    let start = Instant::now();
    let length = |quick_ms: u64, ms: u64| Duration::from_millis(if quick { quick_ms } else { ms });
    let live_plan = live::Plan {
        rounds: if quick { 1 } else { 7 },
        length: length(400, 1000),
        idle: length(2000, 30_000),
    };
    let crowd_plan = crowd::Plan {
        sizes: if quick { vec![1, 10, 40] } else { vec![1, 50, 200, 500, 1000, 2000] },
        starts: if quick { 1 } else { 3 },
        samples: if quick { 2 } else { 4 },
        length: length(250, 500),
        settles: length(0, 15_000),
        idle: length(1000, 20_000),
    };
    say("mtutrace bench");
    let bench = if quick { microbench::measure(3, 10_000) } else { microbench::measure(15, 200_000) }?;
    let mut live_rows = live::measure(&Path::nested()?, &live_plan, &mut say)?;
    // Idle once is enough.
    let flat = live::Plan { idle: length(1000, 10_000), ..live_plan };
    live_rows.extend(live::measure(&Path::flat()?, &flat, &mut say)?);
    let events = events::measure(&[1000, 10_000, 100_000], length(1000, 5000), &mut say)?;
    let crowd = crowd::measure(&crowd_plan, &mut say)?;
    let seconds = start.elapsed().as_secs_f64();
    Ok(Report {
        v: 1,
        machine: Machine::here(),
        quick,
        seconds,
        bench,
        live: live_rows,
        events,
        crowd,
        counted: None,
    })
}
