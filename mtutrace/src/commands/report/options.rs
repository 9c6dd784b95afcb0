//! Options of `report`.
use std::path::PathBuf;

use clap::ValueEnum;

/// Forms of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
    /// A page, whole in one file.
    Html,
    /// For a ticket.
    Markdown,
    /// For programs.
    Json,
}

/// Options of `report`.
#[derive(Clone, Debug)]
pub(crate) struct Options {
    /// The recording; `-` is stdin.
    pub(crate) file: PathBuf,
    /// An earlier one, that it is to be compared with.
    pub(crate) before: Option<PathBuf>,
    /// The form; by default that of `write`'s ending, else Markdown on a terminal, else a page.
    pub(crate) format: Option<ReportFormat>,
    /// Where to write it; stdout without.
    pub(crate) write: Option<PathBuf>,
}
