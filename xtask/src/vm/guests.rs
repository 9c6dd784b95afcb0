//! A kernel's tests in a guest, from its boot to its results.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::boot::{self, Clock};
use super::image::Payload;
use super::kernel::Kernel;
use super::plan::Plan;
use super::script::{self, How};
use crate::packages::debian::cache;
use crate::programs;
use crate::results::{Results, State};
use crate::setup::qemu::Qemu;

/// How long a test program may take in a guest: the longest, `causes`, takes 300 to 600 s beside another guest.
const PROGRAM_LIMIT: Duration = Duration::from_secs(1200);

/// What every guest is made of, but its kernel.
pub(super) struct Guests {
    pub(super) qemu: Qemu,
    pub(super) payload: Payload,
}

impl Guests {
    /// One kernel; the few tests that failed run once more in a guest of their own, one after the other. An emulated machine
    /// that shares two cores with another is late at times: what passes then is named, and is not a failure. One that takes
    /// long is not tried again, and then no other either, as the kernel has failed anyway.
    pub(super) fn steadied(&self, kernel: &Kernel, plan: &Plan) -> Result<Results> {
        let tests = plan.of(&kernel.series);
        let how = How {
            threads: programs::at_a_time(kernel.has_tcx()),
            options: &plan.options,
            limit: plan.program_limit(PROGRAM_LIMIT),
        };
        let mut first = self.boot(kernel, &tests, &how, plan)?;
        let Some(failed) = first.doubtful().filter(|_| !first.is_long()) else { return Ok(first) };
        println!("{:>4} | once more, alone: {}", kernel.series, failed.join(", "));
        let second = self.boot(kernel, &failed, &How { threads: "--test-threads=1", ..how }, plan)?;
        first.again(second);
        Ok(first)
    }

    /// One guest, from its boot to its results, which are shown as they come, behind its name.
    fn boot(&self, kernel: &Kernel, tests: &[String], how: &How, plan: &Plan) -> Result<Results> {
        let start = Instant::now();
        let say = |text: &str| {
            for line in text.lines() {
                println!("{:>4} | {line}", kernel.series);
            }
        };
        let mut results = Results::default();
        results.wanted.extend(tests.iter().cloned());
        let Some(limit) = plan.left() else {
            results.end(Some("not booted: the guests together have had their time".to_owned()));
            results.broken.iter().for_each(|why| say(why));
            return Ok(results);
        };
        say(&format!("booting {}, {} tests", kernel.release, tests.len()));
        let initrd = cache().join(&kernel.series).join("initrd");
        self.payload.write(
            kernel,
            &script::environment(),
            &script::job(&self.payload, tests, how),
            &initrd,
        )?;
        let end = boot::run(&self.qemu, kernel, &initrd, (Clock::Real, plan.step_back), limit, |line| {
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
