//! `cargo xtask`: what building, running, testing and showing mtutrace need beyond cargo.
#![expect(clippy::print_stdout, reason = "narrating is what these commands do")]

mod as_root;
mod bench;
mod build;
mod commands;
mod dist;
mod exec;
mod lint;
mod packages;
mod programs;
mod results;
mod setup;
mod tables;
mod test;
mod toolchain;
mod vm;

use std::process::ExitCode;
use std::time::Duration;

use clap::{Parser, Subcommand};
use commands::{accuracy, demo, run, screenshot};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Builds, runs, tests and demonstrates mtutrace")]
struct Cli {
    #[command(subcommand)]
    command: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Install what is missing to build; quick when nothing is
    Setup,
    /// Build the eBPF object alone (cargo build does it as well)
    BuildEbpf,
    /// Install what is missing, build, and trace this node: `cargo xtask run -- ARGS of mtutrace run`
    Run {
        /// Passed to `mtutrace run`
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Install what is missing and run every test, here and on every kernel of the matrix; scenarios need root
    Test(test::Options),
    /// Run the scenarios on other kernels, in virtual machines; needs no root, and no KVM
    Vm {
        /// Series of kernels, e.g. 6.1 (repeatable); without it every one of the matrix
        #[arg(long, value_name = "SERIES", value_delimiter = ',')]
        kernel: Vec<String>,
        /// Give a shell in the guest instead (Ctrl-A X ends it)
        #[arg(long)]
        shell: bool,
        /// Only what `cargo xtask test` runs in guests, because the kernel decides its result
        #[arg(long)]
        as_test: bool,
        /// How long each kernel may take
        #[arg(long, value_name = "SECONDS", default_value_t = vm::LIMIT.as_secs())]
        timeout: u64,
        /// Passed to the test programs, e.g. a name to filter by
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Write extracts of the BTF of every kernel of the matrix into tests/fixtures/btf
    Btf {
        /// That of this machine's kernel as well
        #[arg(long)]
        running: bool,
    },
    /// Start and stop 20 containers a second, until the end of the input; for `cargo xtask test --busy`
    #[command(hide = true)]
    Busy,
    /// Build the founding incident, trace it, explain it, fix it, clean up; needs root, no Docker
    Demo,
    /// Draw README.md's pictures, docs/*.svg: the screen of a real run of that incident; needs root
    Screenshot,
    /// Faults and healthy look-alikes, and whether mtutrace tells them apart; needs root
    Accuracy(accuracy::Options),
    /// What mtutrace costs on this kernel, where it goes, and what other tools cost; needs root
    Bench(bench::Options),
    /// Make what others install, below target/dist: a static binary, tarball, Debian package, container image, checksums
    Dist(dist::Options),
    /// Structure of the source, clippy and rustdoc without warnings, dependencies, spelling
    Lint(lint::Options),
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Task::Setup => setup::setup(setup::For::Building).map(|_| 0),
        Task::BuildEbpf => build::ebpf(),
        Task::Run { args } => run::run(&args),
        Task::Test(options) => test::test(&options),
        Task::Vm { kernel, shell: true, .. } => vm::shell(kernel.first().map_or("6.1", String::as_str)),
        Task::Vm { kernel, as_test, timeout, args, .. } => {
            let kernels = if kernel.is_empty() { vm::MATRIX.map(str::to_owned).to_vec() } else { kernel };
            let limit = Duration::from_secs(timeout);
            let wanted =
                vm::Wanted { kernels_only: as_test, limit, together: None, step_back: false, args: &args };
            test::on_kernels(&kernels, &wanted)
        }
        Task::Btf { running } => vm::btf(running),
        Task::Busy => test::busy(),
        Task::Demo => demo::demo(),
        Task::Screenshot => screenshot::screenshot(),
        Task::Accuracy(options) => accuracy::accuracy(&options),
        Task::Bench(options) => bench::bench(&options),
        Task::Dist(options) => dist::dist(&options),
        Task::Lint(options) => lint::lint(&options),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}
