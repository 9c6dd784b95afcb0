//! Test programs, as cargo builds them and as this machine runs them.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use mtutrace_tests::tools;

use crate::exec;
use crate::results::{MARK, Results, of_program};
use crate::tables::Column;

/// Two scenarios at a time: each is a node of its own, and more of them would wait for each other's packets.
pub(crate) const AT_A_TIME: &str = "--test-threads=2";

/// The program that makes the traffic of the lab.
const HELPER: &str = "lab-traffic";

/// A test program.
pub(crate) struct Program {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    /// The folder of its package, in which cargo runs tests.
    dir: PathBuf,
}

/// Scenarios, and [`HELPER`].
pub(crate) struct Scenarios {
    pub(crate) programs: Vec<Program>,
    pub(crate) helper: PathBuf,
}

/// Lets cargo build the scenarios, and asks it where they are.
pub(crate) fn scenarios() -> Result<Scenarios> {
    // Debug builds of the lab are quick to build, and speed is not what it measures.
    let (mut programs, helper) = build(&["--package", "mtutrace-tests", "--lib", "--tests"])?;
    // To cargo, `--tests` are the unit tests of programs as well; the lab's has none.
    programs.retain(|program| program.name != HELPER);
    Ok(Scenarios { programs, helper: helper.with_context(|| format!("cargo built no {HELPER}"))? })
}

/// Every unit test of the workspace, as this user.
pub(crate) fn units(args: &[String]) -> Result<Results> {
    let (programs, _) = build(&["--workspace", "--exclude", "mtutrace-tests", "--lib", "--bins"])?;
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
pub(crate) fn here(binary: &Path, args: &[String]) -> Result<Column> {
    let release = fs::read_to_string("/proc/sys/kernel/osrelease").context("uname -r")?;
    let built = scenarios()?;
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
    for program in &built.programs {
        run(program, scenario().arg(&program.path).arg(AT_A_TIME).args(args), &mut results)?;
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

/// Builds test programs; also where [`HELPER`] is, if it was among what cargo built.
fn build(what: &[&str]) -> Result<(Vec<Program>, Option<PathBuf>)> {
    let mut build = exec::cargo("test");
    build.args(what).args(["--no-run", "--message-format=json-render-diagnostics"]);
    let output = build.stderr(Stdio::inherit()).output().context("cargo test --no-run")?;
    if !output.status.success() {
        bail!("cargo test --no-run: {}", output.status);
    }
    let (mut programs, mut helper) = (Vec::new(), None);
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(message) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        let (Some(path), Some(name)) = (text(&message["executable"]), text(&message["target"]["name"]))
        else {
            continue;
        };
        let path = PathBuf::from(path);
        if message["profile"]["test"] == true {
            let manifest = text(&message["manifest_path"]).map(PathBuf::from).unwrap_or_default();
            let dir = manifest.parent().map(Path::to_owned).unwrap_or_default();
            programs.push(Program { name, path, dir });
        } else if name == HELPER {
            helper = Some(path);
        }
    }
    programs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok((programs, helper))
}
