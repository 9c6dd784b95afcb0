//! Options of `run`, checked and without the command line's types.
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::filter::Filter;
use crate::kernel::load;
use crate::output::format::RunFormat;

/// What is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// How to show what is found; on its own a screen on a terminal, else text.
    pub(crate) output: Option<RunFormat>,
    /// When to stop.
    pub(crate) duration: Option<Duration>,
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
    /// Whether a problem is told by the exit code.
    pub(crate) exit_code: bool,
    /// How the kernel side is loaded; `log` also shows debug messages.
    pub(crate) load: load::Options,
}
