//! The ready file (`--ready-file`): it exists while a run is attached.
use std::io::Write;
use std::path::Path;

use crate::commands::outcome::Failure;

/// Creates it, with the number of traced interfaces.
///
/// # Errors
/// When it cannot be written.
pub(super) fn create(path: &Path, interfaces: usize) -> Result<(), Failure> {
    let written = std::fs::File::create(path).and_then(|mut file| writeln!(file, "{interfaces} interfaces"));
    written.map_err(|e| Failure::Usage(format!("cannot write the ready file {}: {e}", path.display())))
}

/// Removes it at the end of the run.
pub(super) fn remove(path: &Path) {
    let _ = std::fs::remove_file(path);
}
