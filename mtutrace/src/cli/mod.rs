//! The command line: flags as typed, their checks, and the options of each command that they mean.
mod oneshot;
mod run;
mod values;

use clap::{Parser, Subcommand};

use crate::commands::outcome::{Failure, Outcome};
use crate::commands::{bench, doctor, map, schema};
use oneshot::{BenchArgs, DoctorArgs, MapArgs, SchemaArgs};
use run::RunArgs;

const EXIT_CODES: &str = "\
Exit codes: 0 no problem found; 1 an MTU problem was found (run: only with --exit-code); \
2 wrong command line; 3 this machine cannot be traced.";

/// Find the container whose traffic stalls because a packet is too big, the MTU that is wrong, and the command that
/// fixes it.
#[derive(Debug, Parser)]
#[command(name = "mtutrace", version, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Trace this node until Ctrl-C, --duration or --count.
    Run(Box<RunArgs>),
    /// Show the MTUs of this node: each container's egress path, hop by hop, mismatches marked. Traces nothing.
    Map(MapArgs),
    /// Show what can be traced on this kernel, hook by hook, and what is missing.
    Doctor(DoctorArgs),
    /// Measure what mtutrace costs per packet on this kernel, compared with an empty program.
    Bench(BenchArgs),
    /// Print the JSON Schema of the lines that -o json writes.
    Schema(SchemaArgs),
}

impl Cli {
    /// Whether debug messages were asked for.
    pub fn is_verbose(&self) -> bool {
        matches!(&self.command, Command::Run(args) if args.verbose)
    }

    /// Runs the subcommand.
    ///
    /// # Errors
    /// As the command's own function.
    pub fn run(&self) -> Result<Outcome, Failure> {
        match &self.command {
            Command::Run(args) => crate::commands::run::run(&args.options()?),
            Command::Map(args) => map::map(&args.options()),
            Command::Doctor(args) => doctor::doctor(&args.options()),
            Command::Bench(args) => bench::bench(&args.options()),
            Command::Schema(args) => schema::schema(args.kind),
        }
    }
}
