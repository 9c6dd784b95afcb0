//! What mtutrace's programs cost, read when it can have changed.
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::time::{Duration, Instant};

use aya::programs::Program;

use super::classifiers::Classifiers;
use crate::telemetry::cost::{self, ProgramCost, Sampler};

/// Runs that the kernel left out are counted at all times, and read so often.
const PERIOD: Duration = Duration::from_secs(5);

/// The newest figures.
#[derive(Default)]
pub(super) struct Measured {
    sampler: Sampler,
    /// Times were measured at the last reading, or since.
    sampled: bool,
    read: Option<Instant>,
    programs: Vec<ProgramCost>,
}

impl Measured {
    /// Goes on; to be called when [`left`](Self::left) is over, else now and then.
    pub(super) fn tick(&mut self) {
        self.sampler.tick();
        self.sampled |= self.left().is_some();
    }

    /// Until the end of the measurement that is going on.
    pub(super) fn left(&self) -> Option<Duration> {
        self.sampler.left()
    }

    /// Those of each program; `last`: nobody will ask again.
    pub(super) fn programs(&mut self, classifiers: &Classifiers, last: bool) -> Vec<ProgramCost> {
        if last || self.sampled || self.read.is_none_or(|read| read.elapsed() >= PERIOD) {
            self.programs = classifiers.with_ebpf(|ebpf| {
                let programs = ebpf.programs();
                programs.filter_map(|(name, program)| Some(cost::program(name, fd(program)?))).collect()
            });
            (self.sampled, self.read) = (self.left().is_some(), Some(Instant::now()));
        }
        self.programs.clone()
    }
}

fn fd(program: &Program) -> Option<RawFd> {
    program.fd().ok().map(|fd| fd.as_fd().as_raw_fd())
}
