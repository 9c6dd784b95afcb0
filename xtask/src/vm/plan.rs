//! Which tests a guest runs, by name: known before it boots, so that what it never came to can be named.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::programs::Program;
use crate::results::in_guests;

/// What the guests run.
pub(crate) struct Wanted<'a> {
    /// Whether only tests are run whose result the kernel decides.
    pub(crate) kernels_only: bool,
    /// How long each kernel may take.
    pub(crate) limit: Duration,
    /// How long all of them may take, one pair after the other.
    pub(crate) together: Option<Duration>,
    /// Whether guests only take what others leave of the processors: scenarios run here meanwhile.
    pub(crate) step_back: bool,
    /// For the test programs, e.g. a name to filter by.
    pub(crate) args: &'a [String],
}

/// The tests that were asked for, and until when.
pub(super) struct Plan {
    /// Named `program::test`.
    tests: Vec<String>,
    /// For the test programs, without what chose the tests.
    pub(super) options: Vec<String>,
    kernels_only: bool,
    /// Whether single tests were asked for.
    some: bool,
    limit: Duration,
    together: Option<Duration>,
    /// When the first guest was to boot.
    start: OnceLock<Instant>,
    pub(super) step_back: bool,
}

impl Plan {
    /// Asks the programs for their tests. An error if guests are to run one that does not exist any more.
    pub(super) fn make(programs: &[Program], wanted: &Wanted) -> Result<Self> {
        let mut tests = Vec::new();
        for program in programs {
            let names = program.tests(wanted.args)?;
            tests.extend(names.into_iter().map(|name| format!("{}::{name}", program.name)));
        }
        if wanted.kernels_only && wanted.args.is_empty() {
            let lost = in_guests::lost(&tests).join(", ");
            ensure!(lost.is_empty(), "xtask/src/results/in_guests.rs names tests that do not exist: {lost}");
        }
        let choosing =
            |arg: &&String| !arg.starts_with("--") || arg.starts_with("--skip") || *arg == "--exact";
        let options = wanted.args.iter().filter(|arg| !choosing(arg)).cloned().collect();
        Ok(Self {
            tests,
            options,
            kernels_only: wanted.kernels_only,
            some: !wanted.args.is_empty(),
            limit: wanted.limit,
            together: wanted.together,
            start: OnceLock::new(),
            step_back: wanted.step_back,
        })
    }

    /// The tests of a kernel, by its series.
    pub(super) fn of(&self, series: &str) -> Vec<String> {
        let chosen = self.tests.iter().filter(|test| !self.kernels_only || in_guests::runs(series, test));
        chosen.cloned().collect()
    }

    /// How long a guest that boots now may take; none where all time is over that the guests together have.
    pub(super) fn left(&self) -> Option<Duration> {
        let gone = self.start.get_or_init(Instant::now).elapsed();
        let left = self.together.map_or(self.limit, |together| together.saturating_sub(gone));
        (!left.is_zero()).then(|| left.min(self.limit))
    }

    /// How long a test program may take: who asks for single tests knows how long they take.
    pub(super) fn program_limit(&self, usual: Duration) -> Duration {
        if self.some { self.limit } else { usual }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_one_and_of_all() {
        let wanted = |together| Wanted {
            kernels_only: true,
            limit: Duration::from_secs(100),
            together,
            step_back: false,
            args: &[],
        };
        // None of the programs that it names is there.
        assert!(Plan::make(&[], &wanted(None)).is_err());
        let plan = |together| {
            let args = ["x", "--skip", "--show-output", "--exact"].map(str::to_owned);
            Plan::make(&[], &Wanted { args: &args, ..wanted(together) }).unwrap()
        };
        assert_eq!(plan(None).left(), Some(Duration::from_secs(100)));
        assert_eq!(plan(Some(Duration::ZERO)).left(), None);
        assert!(plan(Some(Duration::from_secs(50))).left().unwrap() <= Duration::from_secs(50));
        assert_eq!(plan(None).options, ["--show-output"]);
    }
}
