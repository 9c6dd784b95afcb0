//! The command line: flags as typed, their checks, and the options of each command that they mean.
pub mod completion;
pub mod examples;
mod global;
mod oneshot;
mod record;
mod run;
mod shown;
mod values;
mod version;

use clap::{CommandFactory, Parser, Subcommand};

use crate::commands::outcome::{Failure, Outcome};
use crate::commands::{bench, doctor, map, replay, report, schema};
use crate::output::colour::When;
use crate::output::{colour, stderr};
use global::GlobalArgs;
use oneshot::{BenchArgs, CompletionArgs, DoctorArgs, MapArgs, SchemaArgs};
use record::{RecordArgs, ReplayArgs, ReportArgs};
use run::RunArgs;

const EXIT_CODES: &str = "\
Exit codes: 0 no problem found; 1 an MTU problem was found (run: only with --exit-code, which counts what \
map finds too); 2 wrong command line, or a container that was asked for was never there; 3 this machine cannot be traced, \
or its containers cannot be seen.";

const ENVIRONMENT: &str = "\
Environment: MTUTRACE_OUTPUT, MTUTRACE_DURATION, MTUTRACE_INTERVAL and so on are options of `run` \
where the command line has none; MTUTRACE_COLOR, NO_COLOR and CLICOLOR_FORCE are about colours.";

/// Find the container whose traffic stalls because a packet is too big, the MTU that is wrong, and the command that
/// fixes it.
#[derive(Debug, Parser)]
#[command(
    name = "mtutrace",
    version,
    long_version = version::long(),
    after_help = EXIT_CODES,
    after_long_help = format!("{}\n\n{ENVIRONMENT}\n\n{EXIT_CODES}", examples::help("mtutrace"))
)]
pub struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    #[command(after_long_help = examples::help("run"))]
    /// Trace this node until Ctrl-C, --duration or --count.
    Run(Box<RunArgs>),
    #[command(after_long_help = examples::help("record"))]
    /// Trace this node and keep all of it in a file, for replay, report and Wireshark.
    Record(Box<RecordArgs>),
    #[command(after_long_help = examples::help("replay"))]
    /// Show what a recorded run showed, on any machine and without root.
    Replay(Box<ReplayArgs>),
    #[command(after_long_help = examples::help("report"))]
    /// Write a report of a recording (HTML, Markdown, JSON), or compare two.
    Report(ReportArgs),
    #[command(after_long_help = examples::help("map"))]
    /// Show the MTUs of this node: each container's egress path, hop by hop, mismatches marked. Traces nothing.
    Map(MapArgs),
    #[command(after_long_help = examples::help("doctor"))]
    /// Show what can be traced on this kernel, hook by hook, and what is missing.
    Doctor(DoctorArgs),
    #[command(after_long_help = examples::help("bench"))]
    /// Measure what mtutrace costs per packet on this kernel, compared with an empty program.
    Bench(BenchArgs),
    #[command(after_long_help = examples::help("schema"))]
    /// Print the JSON Schema of the lines that -o json writes.
    Schema(SchemaArgs),
    #[command(after_long_help = examples::help("completion"))]
    /// Print a script that completes commands and options, for a shell.
    Completion(CompletionArgs),
}

impl Cli {
    /// How much is to be said: 0 warnings, 1 debug messages of mtutrace, 2 those of its libraries too. Nothing where
    /// only errors are wanted.
    pub fn verbosity(&self) -> Option<u8> {
        (!self.global.quiet).then_some(self.global.verbose)
    }

    /// Whether what is said on stderr has colours.
    pub fn colours_messages(&self) -> bool {
        match self.global.color {
            When::Auto => std::io::IsTerminal::is_terminal(&std::io::stderr()),
            when => when == When::Always,
        }
    }

    /// Runs the subcommand.
    ///
    /// # Errors
    /// As the command's own function.
    pub fn run(&self) -> Result<Outcome, Failure> {
        colour::set(self.global.color);
        if self.global.quiet {
            stderr::keep_quiet();
        }
        match &self.command {
            Command::Run(args) => crate::commands::run::run(&args.options(self.global.verbose > 0)?),
            Command::Record(args) => crate::commands::run::run(&args.options(self.global.verbose > 0)?),
            Command::Replay(args) => replay::replay(&args.options()?),
            Command::Report(args) => report::report(&args.options()),
            Command::Map(args) => map::map(&args.options()),
            Command::Doctor(args) => doctor::doctor(&args.options()),
            Command::Bench(args) => bench::bench(&args.options()),
            Command::Schema(args) => schema::schema(args.kind),
            Command::Completion(args) => completion::print(args.shell, Cli::command()),
        }
    }
}
