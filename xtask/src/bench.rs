//! `cargo xtask bench`: what mtutrace costs on this kernel, where it goes, and what one would have used instead costs.

mod document;
mod goals;
mod number;
mod plots;
mod tables;
mod tools;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use mtutrace_tests::bench::instructions::Counted;
use mtutrace_tests::bench::report::{self, Report};
use mtutrace_tests::lab::{tracer, traffic, wait};

use crate::{as_root, exec, vm};

/// What to measure, and what to write.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// A trial of less than two minutes: it shows that all of it runs, not what it costs
    #[arg(long)]
    quick: bool,
    /// Write docs/PERFORMANCE.md and its plots, docs/performance/*.svg
    #[arg(long, conflicts_with = "quick")]
    write_docs: bool,
    /// Ordinary traffic alone, in a guest of that series (with kprobes) whose clock counts instructions: no noise
    #[arg(long, value_name = "SERIES", num_args = 0..=1, default_missing_value = COUNTED_ON, conflicts_with_all = ["quick", "write_docs"])]
    instructions: Option<String>,
    /// Show what an earlier run wrote instead of measuring again
    #[arg(long, value_name = "FILE", conflicts_with = "quick")]
    from: Option<PathBuf>,
}

/// A long-term kernel with kprobes, whose classifiers are links (6.6).
const COUNTED_ON: &str = "6.12";

/// Sets up, builds, becomes root, measures, and shows it.
pub(crate) fn bench(options: &Options) -> Result<u8> {
    if let Some(series) = &options.instructions {
        as_root::with_the_binary()?;
        tools::install();
        println!("\n{}", tables::counted(&count(series)?));
        return Ok(0);
    }
    let report = match &options.from {
        Some(file) => read(file)?,
        None => match measure(options.quick)? {
            Some(report) => report,
            None => {
                eprintln!("\nInterrupted; nothing is left on this machine.");
                return Ok(130);
            }
        },
    };
    println!("\n{}", tables::all(&report));
    if options.write_docs {
        document::write(exec::root(), &report)?;
        println!("wrote {} and {}/*.svg", document::FILE, document::FOLDER);
    }
    Ok(0)
}

/// Nothing when it was interrupted.
fn measure(quick: bool) -> Result<Option<Report>> {
    as_root::with_the_binary()?;
    as_root::clean_up_on_signals();
    tools::install();
    let result = report::measure(quick, |what| println!("bench: {what}"));
    if wait::interrupted() {
        return Ok(None);
    }
    let mut report = result?;
    if !quick {
        report.counted = Some(count(COUNTED_ON)?);
    }
    let folder = exec::target_dir().join("bench");
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    let file = folder.join(if quick { "quick.json" } else { "bench.json" });
    fs::write(&file, serde_json::to_string_pretty(&report)? + "\n")
        .with_context(|| file.display().to_string())?;
    println!("bench: {:.0} s; wrote {}", report.seconds, file.display());
    Ok(Some(report))
}

/// Ordinary traffic, in a guest.
fn count(series: &str) -> Result<Counted> {
    let (qemu, tracer, helper) = (vm::setup()?, tracer::binary()?, traffic::program()?);
    vm::count_instructions(&qemu, series, (&tracer, &helper), |what| println!("bench: {what}"))
}

fn read(file: &Path) -> Result<Report> {
    let text = fs::read_to_string(file).with_context(|| file.display().to_string())?;
    serde_json::from_str(&text)
        .with_context(|| format!("{}: not written by cargo xtask bench", file.display()))
}

#[cfg(test)]
mod sample;
