//! `cargo xtask test`: unit tests of the workspace, then the scenarios on this kernel, then on those of the matrix.

mod busy;
mod docs;
mod here;
mod nowhere;
mod summary;

use std::sync::mpsc::channel;

use anyhow::{Context, Result, anyhow, bail};

pub(crate) use self::busy::busy;
use self::summary::close;
use crate::setup::{self, For};
use crate::tables::{self, Column, causes};
use crate::vm::Wanted;
use crate::{build, programs, vm};

/// What holds what `--write-docs` writes.
const DOCUMENT: &str = "docs/KERNELS.md";

/// What is run besides what is always run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leave out the other kernels, which run in virtual machines
    #[arg(long)]
    no_vm: bool,
    /// Let 20 containers of somebody else come and go every second beside the scenarios
    #[arg(long)]
    busy: bool,
    /// Let one guest at a time have what the scenarios here leave of the machine: minutes less where nothing else runs on it
    #[arg(long, conflicts_with_all = ["no_vm", "busy"])]
    beside: bool,
    /// Write the tables of causes and hooks into docs/KERNELS.md, if all is well
    #[arg(long, conflicts_with_all = ["no_vm", "args"])]
    write_docs: bool,
    /// Passed to the tests, e.g. a name to filter by
    #[arg(last = true)]
    args: Vec<String>,
}

/// Runs every test that `args` selects; the exit code is 1 when anything failed.
pub(crate) fn test(options: &Options) -> Result<u8> {
    let args = &options.args;
    here::heed_interrupts();
    setup::setup(For::Testing)?;
    // Early, because it may ask for a password; a machine that cannot run guests fails after its own tests.
    let guests = (!options.no_vm).then(vm::setup);
    if let Some(Err(error)) = &guests {
        println!("setup: {}", without_guests(error));
    }
    let (binary, units) = std::thread::scope(|scope| -> Result<_> {
        if matches!(guests, Some(Ok(_))) {
            scope.spawn(vm::fetch);
        }
        Ok((build::tested()?, here::units(args)?))
    })?;
    let built = programs::scenarios()?;
    let mut busy = options.busy.then(busy::Busy::start).transpose()?;
    let mut broken = Vec::new();
    let prepared = match guests {
        Some(Ok(qemu)) => {
            let (together, step_back) = (Some(vm::TOGETHER), options.beside);
            let wanted = Wanted { kernels_only: true, limit: vm::LIMIT, together, step_back, args };
            Some(vm::prepare(qemu, &binary, &built, &wanted)?)
        }
        Some(Err(error)) => {
            broken.push(without_guests(&error));
            None
        }
        None => {
            println!("\nother kernels are left out (--no-vm)");
            None
        }
    };
    let (done, here_is_done) = channel();
    let matrix = |alone| {
        let guests = prepared.as_ref()?;
        println!("\nscenarios on other kernels");
        Some(guests.matrix(&vm::MATRIX.map(str::to_owned), alone))
    };
    let mut columns = Vec::new();
    let others = std::thread::scope(|scope| -> Result<_> {
        let beside = options.beside.then(|| scope.spawn(|| matrix(Some(here_is_done))));
        columns.push(here::scenarios(&binary, &built, args)?);
        let ended = busy.as_mut().map(busy::Busy::check).transpose();
        broken.extend(ended.err().map(|error| format!("{error:#}")));
        drop((busy.take(), done));
        match beside {
            Some(guests) => guests.join().map_err(|_| anyhow!("the guests' thread panicked")),
            None => Ok(matrix(None)),
        }
    })?;
    if let Some(others) = others {
        columns.extend(others);
        let nowhere = if args.is_empty() { nowhere::shown(&columns) } else { Vec::new() };
        nowhere.iter().for_each(|what| println!("{what}"));
        // A machine of somebody's own may lack what no guest has, such as FUSE.
        if std::env::var_os("CI").is_some_and(|ci| ci == "true") {
            broken.extend(nowhere);
        }
    }
    let failed = close(Some(&units), &columns, broken);
    if options.write_docs {
        if failed > 0 {
            bail!("{DOCUMENT} stays as it is: only a run without failures is written");
        }
        write(&mut columns)?;
    }
    Ok(u8::from(failed > 0))
}

fn without_guests(error: &anyhow::Error) -> String {
    format!("the kernel matrix cannot run: {error:#}. `cargo xtask test --no-vm` leaves it out")
}

/// `cargo xtask vm`: everything, on some kernels.
pub(crate) fn on_kernels(series: &[String], wanted: &Wanted) -> Result<u8> {
    setup::setup(For::Testing)?;
    let qemu = vm::setup()?;
    let prepared = vm::prepare(qemu, &build::tested()?, &programs::scenarios()?, wanted)?;
    let columns = prepared.matrix(series, None);
    println!("\n{}", tables::hooks(&columns));
    Ok(u8::from(close(None, &columns, Vec::new()) > 0))
}

/// Writes the tables; of the kernel here only its version, because the rest of its name says who built it.
fn write(columns: &mut [Column]) -> Result<()> {
    let here = columns.first_mut().context("no kernel was tested")?;
    let end = here.title.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(here.title.len());
    here.title.truncate(end);
    docs::write(DOCUMENT, "causes", &causes::table(columns))?;
    docs::write(DOCUMENT, "hooks", &tables::hooks(columns))?;
    println!("{DOCUMENT} has the tables of this run");
    Ok(())
}
