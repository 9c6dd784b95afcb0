//! What a guest's shell runs.

use std::time::Duration;

use super::image::Payload;
use super::kernel::Kernel;
use crate::programs;
use crate::results::{MARK, left_out, of_program};

/// The factor for waits inside the guest: emulation is several times slower, and shares the machine.
const PATIENCE: u32 = 4;

/// One hanging program must not take the others with it.
const PROGRAM_LIMIT: u64 = 600;
/// What chooses among the cases of the accuracy suite, if it is set here.
const CHOICE: [&str; 2] = ["MTUTRACE_CASES", "MTUTRACE_SEED"];

/// What the guests run.
pub(crate) struct Wanted<'a> {
    /// Whether tests are left out for which one kernel is enough.
    pub(crate) kernels_only: bool,
    /// How long each kernel may take.
    pub(crate) limit: Duration,
    /// For the test programs, e.g. a name to filter by.
    pub(crate) args: &'a [String],
}

/// What tests find in their environment.
pub(super) fn environment() -> String {
    let chosen = CHOICE.iter().filter_map(|name| {
        let value = std::env::var(name).ok()?;
        Some(format!("export {name}={}\n", quote(&value)))
    });
    let chosen: String = chosen.collect();
    format!(
        "export CI=true MTUTRACE_BIN=/tools/mtutrace MTUTRACE_LAB_TRAFFIC=/tools/lab-traffic \
         MTUTRACE_ACCURACY=/accuracy MTUTRACE_CAUSES=/tmp/causes MTUTRACE_PATIENCE={PATIENCE}\n{chosen}"
    )
}

fn quote(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The guest's script: each test program one after the other.
pub(super) fn job(payload: &Payload, kernel: &Kernel, wanted: &Wanted) -> String {
    let args = wanted.args.iter().map(|arg| format!(" {}", quote(arg))).collect::<String>();
    let threads = programs::at_a_time(kernel.has_tcx());
    let mut runs = String::new();
    for program in payload.programs() {
        let skips = if wanted.kernels_only { left_out::skips(program) } else { Some(Vec::new()) };
        if let Some(skips) = skips {
            runs.push_str(&format!("run {program} {}{args}\n", skips.join(" ")));
        }
    }
    // Who asks for single tests knows how long they may take.
    let limit = if wanted.args.is_empty() { PROGRAM_LIMIT } else { wanted.limit.as_secs() };
    script(threads, limit, &runs)
}

/// The script for a few tests, `program::test`.
pub(super) fn job_again(payload: &Payload, tests: &[String]) -> String {
    let mut runs = String::new();
    for program in payload.programs() {
        let ours = of_program(program, tests);
        if !ours.is_empty() {
            runs.push_str(&format!("run {program} --exact {}\n", ours.join(" ")));
        }
    }
    script("--test-threads=1", PROGRAM_LIMIT, &runs)
}

/// Around the calls of `run PROGRAM ARGS`. The programs' stderr goes to the console, where what processes of a lab write
/// cannot get between a test's name and its result.
fn script(threads: &str, limit: u64, runs: &str) -> String {
    format!(
        ". /job/environment\n\
         echo \"{MARK}status $(timeout -s KILL 100 mtutrace run --duration 1s -o json | head -n 1)\"\n\
         run() {{\n\
         echo \"{MARK}program $1\"\n\
         timeout -s KILL {limit} \"/tests/$@\" {threads}\n\
         code=$?; echo\n\
         test ! -f $MTUTRACE_CAUSES || sed 's/^/{MARK}/' $MTUTRACE_CAUSES\n\
         rm -f $MTUTRACE_CAUSES; echo \"{MARK}code $code\"\n\
         }}\n\
         {runs}\
         echo \"{MARK}finished\"\n"
    )
}
