//! Flags of the commands that end by themselves.
use std::path::PathBuf;

use clap::Args;

use super::values::name;
use crate::commands::schema::LineKind;
use crate::commands::{bench, doctor, map};
use crate::kernel::load;
use crate::output::format::Format;

/// Flags of `map`.
#[derive(Args, Clone, Debug)]
pub(crate) struct MapArgs {
    /// Output format.
    #[arg(short, long, value_enum, default_value_t = Format::Text, conflicts_with = "json")]
    output: Format,
    /// The same as -o json.
    #[arg(long)]
    json: bool,
    /// Only this container and those inside it, by id prefix or name; repeatable.
    #[arg(long, value_name = "ID|NAME", value_parser = name)]
    container: Vec<String>,
    /// Text: only what is wrong, each container of it.
    #[arg(long, conflicts_with = "all")]
    problems: bool,
    /// Text: a line for every container; equal healthy ones are not folded into one.
    #[arg(long)]
    all: bool,
}

impl MapArgs {
    /// The options that these flags mean.
    pub(super) fn options(&self) -> map::Options {
        let view = match (self.problems, self.all) {
            (true, _) => map::View::Problems,
            (_, true) => map::View::All,
            _ => map::View::Folded,
        };
        map::Options { output: format(self.output, self.json), containers: self.container.clone(), view }
    }
}

/// Flags of `doctor`.
#[derive(Args, Clone, Debug)]
pub(crate) struct DoctorArgs {
    /// Output format.
    #[arg(short, long, value_enum, default_value_t = Format::Text, conflicts_with = "json")]
    output: Format,
    /// The same as -o json.
    #[arg(long)]
    json: bool,
    /// Show the fallbacks that would replace the kprobes.
    #[arg(long)]
    no_kprobes: bool,
    /// Read the kernel's BTF from this file instead of /sys/kernel/btf/vmlinux.
    #[arg(long, value_name = "PATH")]
    kernel_btf: Option<PathBuf>,
}

impl DoctorArgs {
    /// The options that these flags mean.
    pub(super) fn options(&self) -> doctor::Options {
        let load = load::Options {
            no_kprobes: self.no_kprobes,
            kernel_btf: self.kernel_btf.clone(),
            ..load::Options::default()
        };
        doctor::Options { output: format(self.output, self.json), load }
    }
}

/// Flags of `bench`.
#[derive(Args, Clone, Debug)]
pub(crate) struct BenchArgs {
    /// Output format.
    #[arg(short, long, value_enum, default_value_t = Format::Text, conflicts_with = "json")]
    output: Format,
    /// The same as -o json.
    #[arg(long)]
    json: bool,
    /// Runs of each program per round.
    #[arg(long, default_value_t = 200_000, value_parser = clap::value_parser!(u32).range(1..))]
    repeat: u32,
    /// Rounds; each measures every program once, and the result is the median of the rounds.
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rounds: u32,
}

impl BenchArgs {
    /// The options that these flags mean.
    pub(super) fn options(&self) -> bench::Options {
        bench::Options { output: format(self.output, self.json), repeat: self.repeat, rounds: self.rounds }
    }
}

/// Flags of `schema`.
#[derive(Args, Clone, Debug)]
pub(crate) struct SchemaArgs {
    /// Kind of line [default: any].
    #[arg(value_enum)]
    pub(super) kind: Option<LineKind>,
}

/// Flags of `completion`.
#[derive(Args, Clone, Debug)]
pub(crate) struct CompletionArgs {
    /// The shell.
    #[arg(value_enum)]
    pub(super) shell: clap_complete::Shell,
}

fn format(output: Format, json: bool) -> Format {
    if json { Format::Json } else { output }
}
