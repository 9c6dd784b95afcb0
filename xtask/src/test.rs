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
    local::heed_interrupts();
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
        Some(Ok(qemu)) => {
            let series = vm::MATRIX.map(str::to_owned);
            let wanted = Wanted { kernels_only: true, limit: vm::LIMIT, args };
            println!("\nscenarios on other kernels, two at a time");
            columns.extend(vm::matrix(qemu, &binary, &series, &wanted)?);
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
    let qemu = vm::setup()?;
    let columns = vm::matrix(qemu, &build::release()?, series, wanted)?;
    println!("\n{}", tables::hooks(&columns));
    Ok(u8::from(close(None, &columns, Vec::new()) > 0))
}

/// The tables, then lines as cargo test ends with; how many failures there are.
fn close(units: Option<&Results>, columns: &[Column], broken: Vec<String>) -> usize {
    if columns.iter().any(|column| !column.results.causes.is_empty()) {
        println!("\n{}", causes::table(columns));
    }
    if columns.iter().all(|column| column.results.good()) {
        println!("\nno scenario failed; kernels: {}", columns.len());
    } else {
        println!("\n{}", tables::tests(columns));
    }
    let units = units.map(|results| ("unit tests", results));
    let all = units.into_iter().chain(columns.iter().map(|column| (column.title.as_str(), &column.results)));
    let (mut passed, mut failures, mut unsteady) = (0, broken, Vec::new());
    for (title, results) in all {
        println!("     {title}\n{}", line(results));
        passed += results.count(State::Ok);
        failures.extend(results.failed().map(|what| format!("{title}: {what}")));
        unsteady.extend(results.unsteady.iter().map(|what| format!("{title}: {what}")));
    }
    failures.extend(columns.iter().filter_map(|column| silent(columns, column)));
    if !unsteady.is_empty() {
        println!(
            "\nfailed beside others, passed alone (look at what it printed):\n    {}",
            unsteady.join("\n    ")
        );
    }
    if !failures.is_empty() {
        println!("\nfailures:\n    {}", failures.join("\n    "));
    }
    println!("\n{passed} passed, {} failed", failures.len());
    failures.len()
}

/// That a kernel said nothing of causes that others reported.
fn silent(columns: &[Column], column: &Column) -> Option<String> {
    let causes = causes::not_run(columns, &column.results);
    let names = causes.iter().map(|name| name.as_str()).collect::<Vec<_>>();
    (!names.is_empty()).then(|| format!("{}: nothing was reported of {}", column.title, names.join(", ")))
}

/// As libtest ends.
fn line(results: &Results) -> String {
    format!(
        "test result: {}. {} passed; {} failed; {} ignored; 0 measured; 0 filtered out; finished in {:.2}s",
        if results.good() { "ok" } else { "FAILED" },
        results.count(State::Ok),
        results.failed().count(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_libtest_and_silent_kernels() {
        let mut one = Results::default();
        for text in [
            "@@ program a",
            "test x ... ok",
            "test y ... FAILED",
            "@@ code 101",
            "@@ @cause c\tt",
            "@@ finished",
        ] {
            one.line(text);
        }
        one.end(None);
        let mut dead = Results::default();
        dead.end(Some("panicked".to_owned()));
        assert_eq!(one.failed().collect::<Vec<_>>(), ["a::y"]);
        assert_eq!(dead.failed().collect::<Vec<_>>(), ["panicked"]);
        let expected = "test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s";
        assert_eq!(line(&one), expected);
        let columns = [("6.1", one), ("5.10", dead)]
            .map(|(title, results)| Column { title: title.to_owned(), results });
        assert_eq!(silent(&columns, &columns[0]), None);
        assert_eq!(silent(&columns, &columns[1]).as_deref(), Some("5.10: nothing was reported of c"));
        assert_eq!(close(None, &columns, Vec::new()), 3);
    }
}
