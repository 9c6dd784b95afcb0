//! What a guest's shell runs.

use std::time::Duration;

use super::image::Payload;
use crate::results::{MARK, of_program};

/// The factor for waits inside the guest: emulation is several times slower, and shares the machine.
const PATIENCE: u32 = 4;

/// What chooses among the cases of the accuracy suite, if it is set here.
const CHOICE: [&str; 2] = ["MTUTRACE_CASES", "MTUTRACE_SEED"];

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

/// How a guest's tests are run.
pub(super) struct How<'a> {
    /// The option that says how many of a program's tests run at a time.
    pub(super) threads: &'a str,
    /// For each program.
    pub(super) options: &'a [String],
    /// One hanging program must not take the others with it.
    pub(super) limit: Duration,
}

/// The guest's script: each test program that has some of `tests` (`program::test`), one after the other.
pub(super) fn job(payload: &Payload, tests: &[String], how: &How) -> String {
    let options = how.options.iter().map(|option| format!(" {}", quote(option))).collect::<String>();
    let mut runs = String::new();
    for program in payload.programs() {
        let ours = of_program(program, tests);
        if !ours.is_empty() {
            runs.push_str(&format!("run {program} --exact {}{options}\n", ours.join(" ")));
        }
    }
    script(how.threads, how.limit.as_secs(), &runs)
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
