//! The accuracy suite: faults, and healthy look-alikes, each a small file; what mtutrace says of them must be right.
//!
//! A [`chain::Chain`] is built out of each file's data. Several of them share the machine and one tracer, which sees
//! them side by side as on a busy node: the same addresses, different namespaces.

mod address;
mod batch;
pub mod case;
pub mod chain;
mod foretold;
mod hop;
mod judge;
mod links;
mod numbers;
mod plan;
mod plug;
mod rules;
mod sending;
mod table;
mod traffic;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Result, bail};
use case::Case;

pub use judge::Outcome;
pub use table::Report;

/// Cases that run side by side.
const AT_A_TIME: usize = 10;

/// The files of this repository, or of `MTUTRACE_ACCURACY`: faults, then healthy cases.
pub fn cases() -> Result<Vec<Case>> {
    let own = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("accuracy");
    let dir = std::env::var_os("MTUTRACE_ACCURACY").map_or_else(own, PathBuf::from);
    let (faults, healthy) = (Case::read_all(&dir.join("faults"))?, Case::read_all(&dir.join("healthy"))?);
    if let Some(case) = faults.iter().find(|case| case.expect.is_none()) {
        bail!("{}: a fault expects a verdict", case.name);
    }
    if let Some(case) = healthy.iter().find(|case| case.expect.is_some()) {
        bail!("{}: a healthy case expects none", case.name);
    }
    Ok([faults, healthy].concat())
}

/// A seed that no other run had.
pub fn random_seed() -> u64 {
    fastrand::u64(..1_000_000_000)
}

/// Runs the cases; `progress` is told of each when it is judged.
pub fn run(cases: Vec<Case>, seed: u64, mut progress: impl FnMut(&Outcome)) -> Result<Report> {
    let start = Instant::now();
    let (cases, left_out) = possible(cases)?;
    let mut outcomes = Vec::new();
    // Faults and healthy cases are mixed, so that each has the other beside it.
    for batch in deal(cases) {
        let found = batch::run(batch, seed)?;
        found.iter().for_each(&mut progress);
        outcomes.extend(found);
    }
    Ok(Report { seed, took: start.elapsed().as_secs_f64(), outcomes, left_out })
}

/// Leaves out what this kernel cannot build, with the reason.
fn possible(cases: Vec<Case>) -> Result<(Vec<Case>, Vec<String>)> {
    let mut known = BTreeMap::new();
    let (mut possible, mut left_out) = (Vec::new(), Vec::new());
    for case in cases {
        let mut missing = None;
        for hop in &case.hop {
            let known = match known.get(&hop.by) {
                Some(known) => *known,
                None => *known.entry(hop.by).or_insert(hop.by.is_known()?),
            };
            missing = missing.or((!known).then_some(hop.by));
        }
        match missing {
            Some(plug) => left_out.push(format!("{}: this kernel has no {plug:?}", case.name)),
            None => possible.push(case),
        }
    }
    Ok((possible, left_out))
}

/// Deals the cases like cards.
fn deal(cases: Vec<Case>) -> Vec<Vec<Case>> {
    let batches = cases.len().div_ceil(AT_A_TIME);
    let mut dealt = vec![Vec::new(); batches];
    for (number, case) in cases.into_iter().enumerate() {
        dealt[number % batches].push(case);
    }
    dealt
}
