//! What a guest's shell runs.

use std::time::Duration;

use super::image::Payload;
use super::kernel::Kernel;
use crate::programs;
use crate::results::{MARK, left_out, of_program};

/// The factor for waits inside the guest: emulation is several times slower, and shares the machine.
const PATIENCE: u32 = 4;

/// One hanging program must not take the others with it.
const PROGRAM_LIMIT: u32 = 600;

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
    format!(
        "export CI=true MTUTRACE_BIN=/tools/mtutrace MTUTRACE_LAB_TRAFFIC=/tools/lab-traffic \
         MTUTRACE_CAUSES=/tmp/causes MTUTRACE_PATIENCE={PATIENCE}\n"
    )
}

/// The guest's script: each test program one after the other.
pub(super) fn job(payload: &Payload, kernel: &Kernel, wanted: &Wanted) -> String {
    let quoted = |arg: &String| format!(" '{}'", arg.replace('\'', "'\\''"));
    let args = wanted.args.iter().map(quoted).collect::<String>();
    let threads = programs::at_a_time(kernel.has_tcx());
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
pub(super) fn job_again(payload: &Payload, tests: &[String]) -> String {
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
