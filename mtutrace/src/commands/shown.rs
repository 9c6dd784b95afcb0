//! What is shown of a session, and how: options that `run`, `record` and `replay` share.
use crate::filter::Filter;
use crate::output::Output;
use crate::output::format::{RunFormat, Written};
use crate::output::limit::Rate;
use crate::output::only::Only;

/// What is shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shown {
    /// Output format; by default the screen on a terminal, else text.
    pub(crate) output: Option<RunFormat>,
    /// What is written.
    pub(crate) only: Only,
    /// How much of it, in JSON.
    pub(crate) rate_limit: Option<Rate>,
    /// After how many events to stop.
    pub(crate) count: Option<u64>,
    /// Which events, counters and verdicts are shown.
    pub(crate) filter: Filter,
    /// Whether text has every remedy of a verdict.
    pub(crate) all_fixes: bool,
    /// Whether the exit code is 1 if a problem was found.
    pub(crate) exit_code: bool,
}

impl Shown {
    /// The output of this format; `host`: the machine that it is about, if that is another one.
    ///
    /// # Errors
    /// When there is no thread to write it.
    pub(crate) fn open(&self, format: RunFormat, host: Option<&str>) -> std::io::Result<Box<dyn Output>> {
        let written = Written { only: &self.only, rate: self.rate_limit, all_fixes: self.all_fixes, host };
        format.open(&self.filter, written)
    }
}
