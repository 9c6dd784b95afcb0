//! The same ordinary traffic where a nanosecond is an instruction: in a virtual machine whose clock goes on with what its CPU
//! does (QEMU's `-icount shift=0`). There a packet takes the same each time, whatever else the machine is busy with.

use std::time::Duration;

use anyhow::Result;
use serde::{Deserialize, Serialize};

use super::live::{self, Plan, Row};
use super::machine::Machine;
use super::path::Path;

/// What a guest measured; its nanoseconds are instructions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Counted {
    /// The guest's kernel: `6.12.63`.
    pub kernel: String,
    /// Paths and tools.
    pub rows: Vec<Row>,
}

/// Measures both paths, in a guest; `say` is told what goes on.
///
/// # Errors
/// When the labs cannot be built, or do not carry packets.
pub fn measure(mut say: impl FnMut(&str)) -> Result<Counted> {
    let plan = Plan { rounds: 3, length: Duration::from_millis(200), idle: Duration::ZERO };
    let mut rows = live::measure(&Path::nested()?, &plan, &mut say)?;
    rows.extend(live::measure(&Path::flat()?, &plan, &mut say)?);
    Ok(Counted { kernel: Machine::here().kernel, rows })
}
