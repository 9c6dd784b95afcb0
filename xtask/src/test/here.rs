//! Test programs on this machine.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result};

use mtutrace_tests::check::has_tcx;
use mtutrace_tests::tools;

use crate::exec;
use crate::programs::{self, Program, Scenarios};
use crate::results::{MARK, Results, of_program};
use crate::tables::Column;

/// Every unit test of the workspace, as this user.
pub(crate) fn units(args: &[String]) -> Result<Results> {
    let programs = programs::units()?;
    let start = Instant::now();
    let mut results = Results::default();
    for program in programs {
        let mut command = Command::new(&program.path);
        run(&program, command.args(args), &mut results)?;
    }
    results.line(&format!("{MARK}finished"));
    results.end(None);
    results.took = start.elapsed();
    Ok(results)
}

/// Every scenario on this kernel, as root, with the tracer `binary`.
pub(crate) fn scenarios(binary: &Path, built: &Scenarios, args: &[String]) -> Result<Column> {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").context("uname -r")?;
    let causes = exec::target_dir().join("causes");
    if causes.exists() {
        fs::remove_file(&causes)?;
    }
    println!("scenarios on {}, with {}", release.trim(), binary.display());
    let start = Instant::now();
    let mut results = Results::default();
    results.line(&format!("{MARK}status {}", status(binary)?));
    let scenario = || {
        let mut command = exec::as_root("env");
        command.arg(format!("MTUTRACE_BIN={}", binary.display()));
        command.arg(format!("MTUTRACE_CAUSES={}", causes.display()));
        command.arg(format!("{}={}", tools::VARIABLE, exec::tools_dir().display()));
        command.args(std::env::var("CI").map(|ci| format!("CI={ci}")));
        // What a scenario waited for in vain says more than where in the lab it waited.
        command.arg("RUST_BACKTRACE=0");
        command
    };
    let threads = programs::at_a_time(has_tcx());
    for program in &built.programs {
        run(program, scenario().arg(&program.path).arg(threads).args(args), &mut results)?;
    }
    if let Some(failed) = results.doubtful() {
        println!("\nonce more, alone: {}", failed.join(", "));
        let mut second = Results::default();
        for program in &built.programs {
            let ours = of_program(&program.name, &failed);
            if !ours.is_empty() {
                let mut command = scenario();
                command.arg(&program.path).args(["--test-threads=1", "--exact"]).args(ours);
                run(program, &mut command, &mut second)?;
            }
        }
        second.line(&format!("{MARK}finished"));
        second.end(None);
        results.again(second);
    }
    for line in fs::read_to_string(&causes).unwrap_or_default().lines() {
        results.cause(line);
    }
    results.line(&format!("{MARK}finished"));
    results.end(None);
    results.took = start.elapsed();
    Ok(Column { title: format!("{} (this one)", release.trim()), results })
}

/// The first line of a short run, which has the table of its hooks.
fn status(binary: &Path) -> Result<String> {
    let mut run = exec::as_root(binary);
    let output = run.args(["run", "--duration", "1s", "-o", "json"]).stderr(Stdio::inherit()).output()?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().next().unwrap_or_default().to_owned())
}

/// Runs a program with its output shown as it is, and takes its results.
fn run(program: &Program, command: &mut Command, results: &mut Results) -> Result<()> {
    println!("\n     Running {} ({})", program.name, program.path.display());
    results.line(&format!("{MARK}program {}", program.name));
    command.current_dir(&program.dir).stdout(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot run {command:?}"))?;
    let mut lines = BufReader::new(child.stdout.take().context("stdout is piped")?);
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        println!("{}", text.trim_end());
        results.line(text.trim_end());
        line.clear();
    }
    let code = exec::code(child.wait()?);
    results.line(&format!("{MARK}code {code}"));
    Ok(())
}

/// Lets Ctrl-C end what the tests start, even if whoever started us put us in the background, where it is ignored.
pub(crate) fn heed_interrupts() {
    // SAFETY: no handler is set, only the default action, and no other thread runs yet that would set one.
    unsafe { libc::signal(libc::SIGINT, libc::SIG_DFL) };
}
