//! A kernel's tests in a guest, from its boot to its results.

use std::time::{Duration, Instant};

use anyhow::Result;

use super::boot;
use super::image::Payload;
use super::kernel::Kernel;
use super::script::{self, Wanted};
use crate::packages::debian::cache;
use crate::results::{Results, State};
use crate::setup::qemu::Qemu;

/// What every guest is made of, but its kernel.
pub(super) struct Guests {
    pub(super) qemu: Qemu,
    pub(super) payload: Payload,
}

impl Guests {
    /// One kernel; the few tests that failed run once more in a guest of their own, one after the other. An emulated machine
    /// that shares two cores with another is late at times: what passes then is named, and is not a failure.
    pub(super) fn steadied(&self, kernel: &Kernel, wanted: &Wanted) -> Result<Results> {
        let mut first = self.boot(kernel, &script::job(&self.payload, kernel, wanted), wanted.limit)?;
        let Some(failed) = first.doubtful() else { return Ok(first) };
        println!("{:>4} | once more, alone: {}", kernel.series, failed.join(", "));
        let second = self.boot(kernel, &script::job_again(&self.payload, &failed), wanted.limit)?;
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
        self.payload.write(kernel, &script::environment(), job, &initrd)?;
        let mut results = Results::default();
        let end = boot::run(&self.qemu, kernel, &initrd, limit, |line| {
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
