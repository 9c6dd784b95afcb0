//! Flags of `record`, `replay` and `report`.
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::run::RunArgs;
use super::shown::ShownArgs;
use super::values::{bytes, duration};
use crate::commands::outcome::Failure;
use crate::commands::record::{self, Ring};
use crate::commands::replay::{self, Moment, Speed};
use crate::commands::report::{self, ReportFormat};
use crate::commands::run;

/// Flags of `record`.
#[derive(Args, Clone, Debug)]
pub(crate) struct RecordArgs {
    /// The file to write (pcapng). One that is there is replaced; - is stdout.
    #[arg(short, long, value_name = "FILE", env = "MTUTRACE_WRITE", hide_env = true)]
    write: PathBuf,
    /// Begin another file (FILE.1, FILE.2 before the ending) where one would be larger than this (100M).
    #[arg(long, value_name = "BYTES", value_parser = bytes, conflicts_with = "ring")]
    rotate_size: Option<u64>,
    /// Keep so many files, the newest.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), requires = "rotate_size")]
    rotate_count: Option<u32>,
    /// Write no more than this, over all files; the run goes on.
    #[arg(long, value_name = "BYTES", value_parser = bytes)]
    max_size: Option<u64>,
    /// Flight recorder: keep the last TIME in memory, and write it when a verdict appears or on SIGUSR1, to FILE with the
    /// time in its name.
    #[arg(long, value_name = "TIME", value_parser = duration, env = "MTUTRACE_RING", hide_env = true)]
    ring: Option<Duration>,
    /// Memory of the flight recorder.
    #[arg(long, value_name = "BYTES", value_parser = bytes, default_value = "16M", requires = "ring")]
    ring_memory: u64,
    /// Files that the flight recorder writes at most; the oldest gives way.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000), default_value_t = 8, requires = "ring", env = "MTUTRACE_RING_FILES", hide_env = true)]
    ring_files: u32,
    /// Write other addresses and names than those that are there, each the same ones throughout.
    #[arg(long)]
    anonymize: bool,
    /// Compress what replay reads (zstd); Wireshark reads the packets all the same.
    #[arg(long)]
    zstd: bool,
    #[command(flatten)]
    run: RunArgs,
}

impl RecordArgs {
    /// The options that these flags mean.
    ///
    /// # Errors
    /// As for `run`.
    pub(super) fn options(&self, verbose: bool) -> Result<run::Options, Failure> {
        let ring = self.ring.map(|span| Ring {
            span,
            memory: usize::try_from(self.ring_memory).unwrap_or(usize::MAX),
            files: self.ring_files,
        });
        let record = record::Options {
            file: self.write.clone(),
            rotate_size: self.rotate_size,
            rotate_count: self.rotate_count,
            max_size: self.max_size,
            ring,
            anonymize: self.anonymize,
            zstd: self.zstd,
        };
        Ok(run::Options { record: Some(record), ..self.run.options(verbose)? })
    }
}

/// Flags of `replay`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ReplayArgs {
    /// A recording of `mtutrace record`; - is stdin.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// How many times as fast as it was, or max [default: 1 on the screen, else max].
    #[arg(long, value_name = "N")]
    speed: Option<Speed>,
    /// Leave out what was before: 30s after the beginning, or a time such as 2026-11-27T14:03:00Z.
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// End there.
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
    #[command(flatten)]
    shown: ShownArgs,
}

impl ReplayArgs {
    /// The options that these flags mean.
    ///
    /// # Errors
    /// When the expression or $MTUTRACE_OUTPUT is wrong.
    pub(super) fn options(&self) -> Result<replay::Options, Failure> {
        Ok(replay::Options {
            file: self.file.clone(),
            shown: self.shown.options()?,
            speed: self.speed,
            since: self.since,
            until: self.until,
        })
    }
}

/// Flags of `report`.
#[derive(Args, Clone, Debug)]
pub(crate) struct ReportArgs {
    /// A recording of `mtutrace record`; - is stdin.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Compare it with this earlier recording: is it fixed? Exit code 0 if that is proven.
    #[arg(long, value_name = "BEFORE")]
    compare: Option<PathBuf>,
    /// Form of the report [default: by the ending of --write, else markdown on a terminal, else html].
    #[arg(long, value_enum)]
    format: Option<ReportFormat>,
    /// Write it to this file instead of stdout.
    #[arg(short, long, value_name = "FILE")]
    write: Option<PathBuf>,
}

impl ReportArgs {
    /// The options that these flags mean.
    pub(super) fn options(&self) -> report::Options {
        report::Options {
            file: self.file.clone(),
            before: self.compare.clone(),
            format: self.format,
            write: self.write.clone(),
        }
    }
}
