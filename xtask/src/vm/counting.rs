//! `cargo xtask bench` in a guest whose clock counts instructions: kernels with kprobes, and numbers without noise.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use mtutrace_tests::bench::instructions::Counted;

use super::boot::{self, Clock};
use super::image::Payload;
use super::kernel::Kernel;
use super::script;
use crate::packages::debian::cache;
use crate::setup::qemu::Qemu;

/// How long it may take: it is emulated, on one core.
const LIMIT: Duration = Duration::from_secs(1500);

/// What it compares with, where this machine has it; the rest of the bench's tools needs more than a guest has.
const TOOLS: [&str; 3] = ["tcpdump", "bpftrace", "dropwatch"];

/// How the line begins that the guest tells its result by.
const RESULT: &str = "counted ";

/// Boots a kernel, with the tracer and the laboratory's helper, and lets it measure; `say` is told what goes on.
///
/// # Errors
/// When there is no such kernel, or the guest does not come to the end.
pub(crate) fn count(
    qemu: &Qemu,
    series: &str,
    (tracer, helper): (&Path, &Path),
    say: impl Fn(&str),
) -> Result<Counted> {
    let kernel = Kernel::get(&cache(), series)?;
    let payload = Payload::gather(&cache(), tracer, helper, &[])?.with_tools(&TOOLS);
    let initrd = cache().join(series).join("initrd");
    let job = ". /job/environment\nlab-traffic bench 2>&1 || echo failed\n";
    payload.write(&kernel, &script::environment(), job, &initrd)?;
    say(&format!("instructions, in a guest with {}", kernel.release));
    let (mut counted, mut last) = (None, String::new());
    boot::run(qemu, &kernel, &initrd, (Clock::Instructions, false), LIMIT, |line| {
        match line.strip_prefix(RESULT) {
            Some(json) => counted = Some(serde_json::from_str(json)),
            None if line.is_empty() || line == "failed" => {}
            None => {
                say(line);
                line.clone_into(&mut last);
            }
        }
    })?;
    let counted = counted.with_context(|| format!("the guest measured nothing: {last}"))?;
    counted.context("what the guest measured is not understood")
}
