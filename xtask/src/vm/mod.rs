//! `cargo xtask vm`: the scenarios on Debian's kernels, each booted under QEMU's software emulation.

mod cpio;
mod debian;
mod fixtures;
mod image;
mod kernel;
mod modules;
mod qemu;
mod results;
mod vmlinux;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

pub(crate) use self::fixtures::extract as btf;
use self::image::Payload;
use self::kernel::Kernel;
pub(crate) use self::kernel::MATRIX;
use self::results::{MARK, Results, State};
use crate::setup::{self, For};
use crate::{build, exec};

/// How long a kernel may take, unless the command line says otherwise.
pub(crate) const LIMIT: Duration = Duration::from_secs(600);

/// The factor for waits inside the guest: emulation is several times slower, and shares the machine.
const PATIENCE: u32 = 4;

/// One hanging program must not take the others with it.
const PROGRAM_LIMIT: u32 = 240;

/// Boots `series` into a shell.
pub(crate) fn shell(series: &str) -> Result<u8> {
    let payload = prepare(&build::release()?)?;
    let kernel = Kernel::get(&cache(), series)?;
    let initrd = cache().join(series).join("initrd");
    payload.write(&kernel, &environment(), "", &initrd)?;
    qemu::shell(&kernel, &initrd)
}

/// Runs the scenarios that `args` select on each of `kernels`; the exit code is 1 when anything failed.
pub(crate) fn test(kernels: &[String], limit: Duration, args: &[String]) -> Result<u8> {
    setup::setup(For::Testing)?;
    test_binary(&build::release()?, kernels, limit, args)
}

/// The same with a binary that is built already, on a machine that is set up.
pub(crate) fn test_binary(binary: &Path, kernels: &[String], limit: Duration, args: &[String]) -> Result<u8> {
    let payload = prepare(binary)?;
    let mut all = Vec::new();
    for series in kernels {
        all.push(match Kernel::get(&cache(), series) {
            Ok(kernel) => (kernel.release.clone(), boot(&payload, &kernel, limit, args)?),
            // One kernel that cannot be had is a failure, but not of the others.
            Err(error) => {
                let mut results = Results::default();
                results.end(Some(format!("{error:#}")));
                (series.clone(), results)
            }
        });
    }
    println!("\n{}", results::table(&all));
    for (release, results) in &all {
        for broken in &results.broken {
            println!("{release}: {broken}");
        }
    }
    Ok(u8::from(!all.iter().all(|(_, results)| results.good())))
}

fn cache() -> PathBuf {
    exec::target_dir().join("vm")
}

/// Everything that the guests need but their kernels.
fn prepare(binary: &Path) -> Result<Payload> {
    image::setup()?;
    let (tests, helper) = programs()?;
    Payload::gather(&cache(), binary, &helper, &tests)
}

/// Lets cargo build the scenarios, and asks it where they are: (name, path) of each, and the traffic helper.
fn programs() -> Result<(Vec<(String, PathBuf)>, PathBuf)> {
    let mut build = exec::cargo("test");
    build.args(["--package", "mtutrace-tests", "--lib", "--tests", "--no-run", "--message-format=json"]);
    let output = build.stderr(Stdio::inherit()).output().context("cargo test --no-run")?;
    if !output.status.success() {
        bail!("cargo test --no-run: {}", output.status);
    }
    let (mut tests, mut helper) = (Vec::new(), None);
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let Ok(message) = serde_json::from_str::<serde_json::Value>(line) else { continue };
        let (Some(path), Some(name)) = (message["executable"].as_str(), message["target"]["name"].as_str())
        else {
            continue;
        };
        let is_program = message["target"]["kind"][0] == "bin";
        if message["profile"]["test"] == true && !is_program {
            tests.push((name.to_owned(), PathBuf::from(path)));
        } else if is_program && name == "lab-traffic" && message["profile"]["test"] == false {
            helper = Some(PathBuf::from(path));
        }
    }
    tests.sort();
    Ok((tests, helper.context("cargo built no lab-traffic")?))
}

/// One kernel, from its boot to its results, which are shown as they come.
fn boot(payload: &Payload, kernel: &Kernel, limit: Duration, args: &[String]) -> Result<Results> {
    println!("\nkernel {}", kernel.release);
    let start = Instant::now();
    let initrd = cache().join(&kernel.series).join("initrd");
    payload.write(kernel, &environment(), &job(args), &initrd)?;
    let mut results = Results::default();
    let end = qemu::run(kernel, &initrd, limit, |line| {
        if let Some(text) = results.line(line) {
            println!("  {:4} s  {text}", start.elapsed().as_secs());
        }
    });
    results.end(end.err().map(|error| format!("{error:#}")));
    let [ok, failed, ignored] = [State::Ok, State::Failed, State::Ignored].map(|state| results.count(state));
    let seconds = start.elapsed().as_secs();
    println!("kernel {}: {ok} passed, {failed} failed, {ignored} ignored in {seconds} s", kernel.release);
    Ok(results)
}

/// What tests find in their environment.
fn environment() -> String {
    format!(
        "export CI=true MTUTRACE_BIN=/tools/mtutrace MTUTRACE_LAB_TRAFFIC=/tools/lab-traffic \
         MTUTRACE_PATIENCE={PATIENCE}\n"
    )
}

/// The guest's script: each test program one after the other. Their stderr goes to the console, where what processes
/// of a lab write cannot get between a test's name and its result.
fn job(args: &[String]) -> String {
    let args = args.iter().map(|arg| format!(" '{}'", arg.replace('\'', "'\\''"))).collect::<String>();
    format!(
        ". /job/environment\n\
         echo \"{MARK}status $(timeout -s KILL 100 mtutrace run --duration 1s -o json | head -n 1)\"\n\
         for program in /tests/*; do\n\
         echo \"{MARK}program ${{program##*/}}\"\n\
         timeout -s KILL {PROGRAM_LIMIT} \"$program\" --test-threads=1{args}\n\
         code=$?; echo; echo \"{MARK}code $code\"\n\
         done\n\
         echo \"{MARK}finished\"\n"
    )
}
