//! What mtutrace's programs cost, read when it can have changed.
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::time::{Duration, Instant};

use aya::programs::Program;

use super::classifiers::Classifiers;
use crate::telemetry::cost::{self, ProgramCost, Sampler};

/// Runs that the kernel left out are counted at all times, and read so often.
const PERIOD: Duration = Duration::from_secs(5);

/// The newest figures.
pub(super) struct Measured {
    sampler: Sampler,
    /// Times were measured at the last reading, or since.
    sampled: bool,
    read: Option<Instant>,
    programs: Vec<ProgramCost>,
}

impl Measured {
    /// Starts to measure.
    pub(super) fn new() -> Measured {
        Measured { sampler: Sampler::new(), sampled: true, read: None, programs: Vec::new() }
    }

    /// Goes on; to be called several times a second.
    pub(super) fn tick(&mut self) {
        self.sampler.tick();
        self.sampled |= self.sampler.is_on();
    }

    /// Those of each program; `last`: nobody will ask again.
    pub(super) fn programs(&mut self, classifiers: &Classifiers, last: bool) -> Vec<ProgramCost> {
        if last || self.sampled || self.read.is_none_or(|read| read.elapsed() >= PERIOD) {
            self.programs = classifiers.with_ebpf(|ebpf| {
                let programs = ebpf.programs();
                programs.filter_map(|(name, program)| Some(cost::program(name, fd(program)?))).collect()
            });
            (self.sampled, self.read) = (self.sampler.is_on(), Some(Instant::now()));
        }
        self.programs.clone()
    }
}

fn fd(program: &Program) -> Option<RawFd> {
    program.fd().ok().map(|fd| fd.as_fd().as_raw_fd())
}
