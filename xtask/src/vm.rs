//! `cargo xtask vm`: the scenarios on Debian's kernels, each booted under QEMU's software emulation.

mod boot;
mod counting;
mod cpio;
mod fixtures;
mod guests;
mod image;
mod kernel;
mod modules;
mod plan;
mod script;
mod vmlinux;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};

pub(crate) use self::counting::count as count_instructions;
pub(crate) use self::fixtures::extract as btf;
use self::guests::Guests;
use self::image::Payload;
use self::kernel::Kernel;
pub(crate) use self::kernel::MATRIX;
use self::plan::Plan;
pub(crate) use self::plan::Wanted;
use crate::packages::debian::cache;
use crate::packages::{apt, debian};
use crate::programs::Scenarios;
use crate::results::Results;
use crate::setup::qemu::Qemu;
use crate::tables::Column;
use crate::{build, programs};

/// How long a kernel may take, unless the command line says otherwise: several times what it takes, as it is to end what
/// hangs and not what a busy machine makes slow.
pub(crate) const LIMIT: Duration = Duration::from_secs(1500);

/// How long the kernels of `cargo xtask test` may take, all together.
pub(crate) const TOGETHER: Duration = Duration::from_secs(2700);

/// Guests that run at the same time: each keeps a core busy while it boots, and mostly waits after that.
const AT_A_TIME: usize = 2;

/// Gets what is missing on this machine to run a guest.
pub(crate) fn setup() -> Result<Qemu> {
    debian::check()?;
    apt::need(&[("xz", "xz-utils")]).context("kernel modules are packed with xz")?;
    Qemu::get().context("virtual machines need QEMU")
}

/// Fetches the kernels of the matrix, while something else is waited for. One that cannot be had is an error of its guest.
pub(crate) fn fetch() {
    for series in MATRIX {
        let _its_guest_says_why = Kernel::get(&cache(), series);
    }
}

/// Boots `series` into a shell.
pub(crate) fn shell(series: &str) -> Result<u8> {
    let qemu = setup()?;
    let payload = payload(&build::tested()?, &programs::scenarios()?)?;
    let kernel = Kernel::get(&cache(), series)?;
    let initrd = cache().join(series).join("initrd");
    payload.write(&kernel, &script::environment(), "", &initrd)?;
    boot::shell(&qemu, &kernel, &initrd)
}

/// All that guests need but their kernels.
pub(crate) struct Prepared {
    guests: Guests,
    plan: Plan,
}

/// Gathers it.
pub(crate) fn prepare(qemu: Qemu, binary: &Path, built: &Scenarios, wanted: &Wanted) -> Result<Prepared> {
    let guests = Guests { qemu, payload: payload(binary, built)? };
    Ok(Prepared { guests, plan: Plan::make(&built.programs, wanted)? })
}

impl Prepared {
    /// Runs the scenarios on each of `series`; their columns in that order. One guest at a time until `alone` has no sender
    /// any more, [`AT_A_TIME`] from then on.
    pub(crate) fn matrix(&self, series: &[String], alone: Option<Receiver<()>>) -> Vec<Column> {
        let kernels = series.iter().enumerate();
        let mut queue =
            kernels.map(|(place, one)| (place, one, Kernel::get(&cache(), one))).collect::<Vec<_>>();
        queue.sort_by_key(|(_, series, _)| std::cmp::Reverse(kernel::rank(series)));
        let (queue, done) = (Mutex::new(queue), Mutex::new(BTreeMap::new()));
        let work = || {
            loop {
                let Some((place, series, kernel)) = lock(&queue).pop() else { break };
                let title = kernel.as_ref().map_or(series, |kernel| &kernel.release).clone();
                // One kernel that cannot be had is a failure, but not of the others.
                let results = kernel
                    .and_then(|kernel| self.guests.steadied(&kernel, &self.plan))
                    .unwrap_or_else(|error| {
                        let mut results = Results::default();
                        results.end(Some(format!("{error:#}")));
                        results
                    });
                lock(&done).insert(place, Column { title, results });
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(work);
            let _no_sender_any_more = alone.map(|alone| alone.recv());
            (1..AT_A_TIME).for_each(|_| drop(scope.spawn(work)));
        });
        done.into_inner().unwrap_or_else(PoisonError::into_inner).into_values().collect()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Everything that the guests need but their kernels.
fn payload(binary: &Path, built: &Scenarios) -> Result<Payload> {
    Payload::gather(&cache(), binary, &built.helper, &built.programs)
}
