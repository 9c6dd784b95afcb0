//! How a run ended: what its reader got, and the exit code for it.
use std::io::ErrorKind;

use crate::commands::outcome::{Failure, Outcome};
use crate::output::Output;
use crate::output::queue::Patience;

/// Waits for the reader, but not for ever, and says how it went. `problem`: the exit code tells that there was one; `unmatched`:
/// what was asked for and never there; `signalled`: somebody expects the end.
///
/// # Errors
/// When the run failed, or what it found could not be written.
pub(crate) fn ending(
    result: Result<(), Failure>,
    problem: bool,
    unmatched: Option<String>,
    output: &mut dyn Output,
    signalled: bool,
) -> Result<Outcome, Failure> {
    let patience = if signalled { Patience::SIGNALLED } else { Patience::ENDED };
    match result.and_then(|()| output.settle(patience).map_err(Failure::Output)) {
        Ok(()) if problem => Ok(Outcome::Problem),
        // Nothing was looked at, so nothing is well.
        Ok(()) => unmatched.map_or(Ok(Outcome::Nothing), |said| Err(Failure::Usage(said))),
        // Whoever read us has gone: nothing is wrong with that.
        Err(Failure::Output(e)) if e.kind() == ErrorKind::BrokenPipe => Ok(Outcome::Nothing),
        Err(Failure::Output(e)) if e.kind() == ErrorKind::TimedOut => {
            let lines = output.backlog().unwritten;
            let why = format!(
                "nobody reads stdout, or not fast enough: {lines} lines and the end of the report were left out"
            );
            if signalled { Err(Failure::Unread(why)) } else { Err(Failure::Machine(why)) }
        }
        Err(failure) => Err(failure),
    }
}

/// Waits for the end that was asked for, for ever if none was.
pub(crate) async fn until(end: Option<tokio::time::Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}
