//! Where a report goes.
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use super::options::ReportFormat;
use crate::commands::outcome::Failure;
use crate::recording::file;

/// The form that the name of a file asks for; a person at a terminal wants to read.
pub(super) fn format_for(path: Option<&Path>) -> ReportFormat {
    let ending =
        path.and_then(Path::extension).and_then(|ending| ending.to_str()).map(str::to_ascii_lowercase);
    match ending.as_deref() {
        Some("md" | "markdown") => ReportFormat::Markdown,
        Some("json") => ReportFormat::Json,
        _ if path.is_none() && io::stdout().is_terminal() => ReportFormat::Markdown,
        _ => ReportFormat::Html,
    }
}

/// Writes it; a file is its owner's alone, as recordings are.
///
/// # Errors
/// When it cannot be written.
pub(super) fn write(path: Option<&Path>, text: &str) -> Result<(), Failure> {
    match path {
        Some(path) => file::put(path, text.as_bytes())
            .map_err(|e| Failure::Usage(format!("cannot write the report: {e}"))),
        None => {
            let mut out = io::stdout().lock();
            match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
                // Whoever read us has gone: nothing is wrong with that.
                Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
                result => result.map_err(Failure::Output),
            }
        }
    }
}
