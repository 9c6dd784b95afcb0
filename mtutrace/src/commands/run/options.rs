//! Options of `run`, checked and without the command line's types.
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::commands::record;
use crate::commands::shown::Shown;
use crate::kernel::load;

/// Options of `run`.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// What is shown.
    pub(crate) shown: Shown,
    /// When to stop.
    pub(crate) duration: Option<Duration>,
    /// Time between reports.
    pub(crate) interval: Duration,
    /// Where to serve metrics.
    pub(crate) metrics: Option<SocketAddr>,
    /// Whether the report of now is served beside them.
    pub(crate) report: bool,
    /// A file to create once every hook is attached.
    pub(crate) ready_file: Option<PathBuf>,
    /// Where to keep it all.
    pub(crate) record: Option<record::Options>,
    /// How the kernel side is loaded; `log` also shows debug messages.
    pub(crate) load: load::Options,
}
