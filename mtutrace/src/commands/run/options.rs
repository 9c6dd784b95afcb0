//! Options of `run`, checked and without the command line's types.
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::filter::Filter;
use crate::kernel::load;
use crate::output::format::RunFormat;
use crate::output::limit::Rate;
use crate::output::only::Only;

/// Options of `run`.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// Output format; by default the screen on a terminal, else text.
    pub(crate) output: Option<RunFormat>,
    /// When to stop.
    pub(crate) duration: Option<Duration>,
    /// What is written.
    pub(crate) only: Only,
    /// How much of it, in JSON.
    pub(crate) rate_limit: Option<Rate>,
    /// After how many events to stop.
    pub(crate) count: Option<u64>,
    /// Time between reports.
    pub(crate) interval: Duration,
    /// Which events, counters and verdicts are shown.
    pub(crate) filter: Filter,
    /// Where to serve metrics.
    pub(crate) metrics: Option<SocketAddr>,
    /// A file to create once every hook is attached.
    pub(crate) ready_file: Option<PathBuf>,
    /// Whether text has every remedy of a verdict.
    pub(crate) all_fixes: bool,
    /// Whether the exit code is 1 if a problem was found.
    pub(crate) exit_code: bool,
    /// How the kernel side is loaded; `log` also shows debug messages.
    pub(crate) load: load::Options,
}
