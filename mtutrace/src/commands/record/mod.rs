//! `mtutrace record`: a run whose session's inputs are kept, with its packets beside them.
mod devices;
mod options;
mod packets;
mod recorder;
mod ring;
#[cfg(test)]
mod tests;
mod view;

use std::io;

use crate::commands::outcome::Failure;
use crate::filter::Filter;
use crate::output::{Context, Item, KernelNames, Output};
use crate::recording::file::{Files, Plan};
use crate::recording::head::{FORMAT, Head};
use crate::telemetry::clock::Clock;
use crate::telemetry::machine;

pub(crate) use options::{Options, Ring};
pub(crate) use recorder::Recorder;
pub(crate) use view::PacketView;

/// Creates the file, unless it is kept in memory.
///
/// # Errors
/// When it cannot be created.
pub(crate) fn create(options: &Options) -> Result<Files, Failure> {
    let plan = Plan {
        path: options.file.clone(),
        count: options.ring.map(|ring| ring.files).or(options.rotate_count),
        max_size: options.max_size,
    };
    Files::create(plan, options.ring.is_none())
        .map_err(|e| Failure::Usage(format!("cannot write the recording: {e}")))
}

/// What a recording of this machine says of itself.
pub(crate) fn head(clock: &Clock, filter: &Filter, names: &KernelNames) -> Head {
    Head {
        format: FORMAT,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        kernel: machine::kernel_release(),
        host: machine::host(),
        clock_offset_ns: clock.offset_ns(),
        start_ns: clock.now_ns(),
        filter: filter.clone(),
        reasons: names.reasons.clone(),
        ..Head::default()
    }
}

/// Shows nothing: stdout has the recording.
#[derive(Debug)]
pub(crate) struct Silent;

impl Output for Silent {
    fn show(&mut self, _: &Item<'_>, _: &Context<'_>) -> io::Result<()> {
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
