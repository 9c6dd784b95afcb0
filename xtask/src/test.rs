//! `cargo xtask test`: unit tests of the workspace, then the scenarios on this kernel, then on those of the matrix.

use anyhow::{Context, Result, bail};

use crate::results::{Results, State};
use crate::setup::{self, For};
use crate::tables::{self, Column};
use crate::vm::Wanted;
use crate::{build, causes, docs, local, vm};

/// What holds what `--write-docs` writes.
const DOCUMENT: &str = "docs/KERNELS.md";

/// What is run besides what is always run.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Leave out the other kernels, which run in virtual machines
    #[arg(long)]
    no_vm: bool,
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
    setup::setup(For::Testing)?;
    // Early, because it may ask for a password; a machine that cannot run guests fails after its own tests.
    let guests = (!options.no_vm).then(vm::setup);
    if let Some(Err(error)) = &guests {
        println!("setup: {}", without_guests(error));
    }
    let binary = build::release()?;
    let units = local::units(args)?;
    let mut columns = vec![local::here(&binary, args)?];
    let mut broken = Vec::new();
    match guests {
        Some(Ok(())) => {
            let series = vm::MATRIX.map(str::to_owned);
            let wanted = Wanted { kernels_only: true, limit: vm::LIMIT, args };
            println!("\nscenarios on other kernels, two at a time");
            columns.extend(vm::matrix(&binary, &series, &wanted)?);
        }
        Some(Err(error)) => broken.push(without_guests(&error)),
        None => println!("\nother kernels are left out (--no-vm)"),
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
    vm::setup()?;
    let columns = vm::matrix(&build::release()?, series, wanted)?;
    println!("\n{}", tables::hooks(&columns));
    Ok(u8::from(close(None, &columns, Vec::new()) > 0))
}

/// The tables, then lines as cargo test ends with; how many failures there are.
fn close(units: Option<&Results>, columns: &[Column], broken: Vec<String>) -> usize {
    if columns.iter().any(|column| !column.results.causes.is_empty()) {
        println!("\n{}", causes::table(columns));
    }
    if columns.iter().all(|column| column.results.good()) {
        println!("\nevery scenario passed on each of {} kernels", columns.len());
    } else {
        println!("\n{}", tables::tests(columns));
    }
    let mut failures = broken;
    let here = units.map(|results| ("unit tests", results));
    let all = here.into_iter().chain(columns.iter().map(|column| (column.title.as_str(), &column.results)));
    let all = all.collect::<Vec<_>>();
    let mut passed = 0;
    for (title, results) in &all {
        let tests = results.tests.iter().filter(|(_, state)| **state == State::Failed);
        failures.extend(tests.map(|(name, _)| format!("{title}: {name}")));
        failures.extend(results.broken.iter().map(|why| format!("{title}: {why}")));
        let missing = causes::not_run(columns, results);
        // Units know no causes.
        if columns.iter().any(|column| column.title == *title) {
            failures.extend(
                missing.iter().map(|cause| format!("{title}: nothing was reported of the cause {cause}")),
            );
        }
        passed += results.count(State::Ok);
        println!("     {title}");
        println!("{}", line(results));
    }
    if !failures.is_empty() {
        println!("\nfailures:\n    {}", failures.join("\n    "));
    }
    println!("\n{passed} passed, {} failed", failures.len());
    failures.len()
}

/// As libtest ends.
fn line(results: &Results) -> String {
    format!(
        "test result: {}. {} passed; {} failed; {} ignored; 0 measured; 0 filtered out; finished in {:.2}s",
        if results.good() { "ok" } else { "FAILED" },
        results.count(State::Ok),
        results.failures(),
        results.count(State::Ignored),
        results.took.as_secs_f64()
    )
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
