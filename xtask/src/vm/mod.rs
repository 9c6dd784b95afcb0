//! `cargo xtask vm`: the scenarios on Debian's kernels, each booted under QEMU's software emulation.

mod cpio;
mod fixtures;
mod image;
mod kernel;
mod left_out;
mod modules;
mod qemu;
mod vmlinux;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

pub(crate) use self::fixtures::extract as btf;
use self::image::Payload;
use self::kernel::Kernel;
pub(crate) use self::kernel::MATRIX;
pub(crate) use self::left_out::is_left_out;
use crate::debian::cache;
use crate::results::{MARK, Results, State, of_program};
use crate::setup::qemu::Qemu;
use crate::tables::Column;
use crate::{apt, build, debian, local};

/// How long a kernel may take, unless the command line says otherwise.
pub(crate) const LIMIT: Duration = Duration::from_secs(900);

/// Guests that run at the same time: each keeps a core busy while it boots, and mostly waits after that.
const AT_A_TIME: usize = 2;

/// The factor for waits inside the guest: emulation is several times slower, and shares the machine.
const PATIENCE: u32 = 4;

/// One hanging program must not take the others with it.
const PROGRAM_LIMIT: u32 = 300;

/// What the guests run.
pub(crate) struct Wanted<'a> {
    /// Whether tests are left out for which one kernel is enough.
    pub(crate) kernels_only: bool,
    /// How long each kernel may take.
    pub(crate) limit: Duration,
    /// For the test programs, e.g. a name to filter by.
    pub(crate) args: &'a [String],
}

/// Gets what is missing on this machine to run a guest.
pub(crate) fn setup() -> Result<Qemu> {
    debian::check()?;
    apt::need(&[("xz", "xz-utils")]).context("kernel modules are packed with xz")?;
    Qemu::get().context("virtual machines need QEMU")
}

/// Boots `series` into a shell.
pub(crate) fn shell(series: &str) -> Result<u8> {
    let qemu = setup()?;
    let payload = prepare(&build::release()?)?;
    let kernel = Kernel::get(&cache(), series)?;
    let initrd = cache().join(series).join("initrd");
    payload.write(&kernel, &environment(), "", &initrd)?;
    qemu::shell(&qemu, &kernel, &initrd)
}

/// Runs the scenarios on each of `kernels`, two at a time; their columns in that order.
pub(crate) fn matrix(qemu: Qemu, binary: &Path, series: &[String], wanted: &Wanted) -> Result<Vec<Column>> {
    let guests = Guests { qemu, payload: prepare(binary)? };
    let kernels = series.iter().enumerate();
    let mut queue = kernels.map(|(place, one)| (place, one, Kernel::get(&cache(), one))).collect::<Vec<_>>();
    queue.sort_by_key(|(_, series, _)| std::cmp::Reverse(kernel::rank(series)));
    let (queue, done) = (Mutex::new(queue), Mutex::new(BTreeMap::new()));
    let work = || {
        loop {
            let Some((place, series, kernel)) = lock(&queue).pop() else { break };
            let title = kernel.as_ref().map_or(series, |kernel| &kernel.release).clone();
            // One kernel that cannot be had is a failure, but not of the others.
            let results =
                kernel.and_then(|kernel| guests.steadied(&kernel, wanted)).unwrap_or_else(|error| {
                    let mut results = Results::default();
                    results.end(Some(format!("{error:#}")));
                    results
                });
            lock(&done).insert(place, Column { title, results });
        }
    };
    std::thread::scope(|scope| (0..AT_A_TIME).for_each(|_| drop(scope.spawn(work))));
    Ok(done.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Everything that the guests need but their kernels.
fn prepare(binary: &Path) -> Result<Payload> {
    let built = local::scenarios()?;
    Payload::gather(&cache(), binary, &built.helper, &built.programs)
}

/// What every guest is made of, but its kernel.
struct Guests {
    qemu: Qemu,
    payload: Payload,
}

impl Guests {
    /// One kernel; the few tests that failed run once more in a guest of their own, one after the other. An emulated machine
    /// that shares two cores with another is late at times: what passes then is named, and is not a failure.
    fn steadied(&self, kernel: &Kernel, wanted: &Wanted) -> Result<Results> {
        let mut first = self.boot(kernel, &job(&self.payload, kernel, wanted), wanted.limit)?;
        let Some(failed) = first.doubtful() else { return Ok(first) };
        println!("{:>4} | once more, alone: {}", kernel.series, failed.join(", "));
        let second = self.boot(kernel, &job_again(&self.payload, &failed), wanted.limit)?;
        first.again(second);
        Ok(first)
    }

    /// One guest, from its boot to its results, which are shown as they come, behind its name.
    fn boot(&self, kernel: &Kernel, job: &str, limit: Duration) -> Result<Results> {
        let start = Instant::now();
        let say = |text: &str| {
            for line in text.lines() {
                println!("{:>4} | {line}", kernel.series);
            }
        };
        say(&format!("booting {}", kernel.release));
        let initrd = cache().join(&kernel.series).join("initrd");
        self.payload.write(kernel, &environment(), job, &initrd)?;
        let mut results = Results::default();
        let end = qemu::run(&self.qemu, kernel, &initrd, limit, |line| {
            if let Some(text) = results.line(line) {
                let result = text.starts_with("test ");
                let seconds = result.then(|| format!(" ({} s)", start.elapsed().as_secs()));
                say(&(text + &seconds.unwrap_or_default()));
            }
        });
        results.end(end.err().map(|error| format!("{error:#}")));
        results.broken.iter().for_each(|why| say(why));
        results.took = start.elapsed();
        say(&format!(
            "{} passed, {} failed in {} s",
            results.count(State::Ok),
            results.failed().count(),
            results.took.as_secs()
        ));
        Ok(results)
    }
}

/// What tests find in their environment.
fn environment() -> String {
    format!(
        "export CI=true MTUTRACE_BIN=/tools/mtutrace MTUTRACE_LAB_TRAFFIC=/tools/lab-traffic \
         MTUTRACE_CAUSES=/tmp/causes MTUTRACE_PATIENCE={PATIENCE}\n"
    )
}

/// The guest's script: each test program one after the other.
fn job(payload: &Payload, kernel: &Kernel, wanted: &Wanted) -> String {
    let quoted = |arg: &String| format!(" '{}'", arg.replace('\'', "'\\''"));
    let args = wanted.args.iter().map(quoted).collect::<String>();
    let threads = if kernel.has_tcx() { local::AT_A_TIME } else { "--test-threads=1" };
    let mut runs = String::new();
    for program in payload.programs() {
        let skips = if wanted.kernels_only { left_out::skips(program) } else { Some(Vec::new()) };
        if let Some(skips) = skips {
            runs.push_str(&format!("run {program} {}{args}\n", skips.join(" ")));
        }
    }
    script(threads, &runs)
}

/// The script for a few tests, `program::test`.
fn job_again(payload: &Payload, tests: &[String]) -> String {
    let mut runs = String::new();
    for program in payload.programs() {
        let ours = of_program(program, tests);
        if !ours.is_empty() {
            runs.push_str(&format!("run {program} --exact {}\n", ours.join(" ")));
        }
    }
    script("--test-threads=1", &runs)
}

/// Around the calls of `run PROGRAM ARGS`. The programs' stderr goes to the console, where what processes of a lab write
/// cannot get between a test's name and its result.
fn script(threads: &str, runs: &str) -> String {
    format!(
        ". /job/environment\n\
         echo \"{MARK}status $(timeout -s KILL 100 mtutrace run --duration 1s -o json | head -n 1)\"\n\
         run() {{\n\
         echo \"{MARK}program $1\"\n\
         timeout -s KILL {PROGRAM_LIMIT} \"/tests/$@\" {threads}\n\
         code=$?; echo\n\
         test ! -f $MTUTRACE_CAUSES || sed 's/^/{MARK}/' $MTUTRACE_CAUSES\n\
         rm -f $MTUTRACE_CAUSES; echo \"{MARK}code $code\"\n\
         }}\n\
         {runs}\
         echo \"{MARK}finished\"\n"
    )
}
