//! How text is to look.
use std::io::{self, Write};

use crate::output::escape::escape;
use crate::output::only::Only;
use crate::telemetry::machine;

/// What somebody asked for, and where this is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Look {
    /// With colours (SGR).
    pub(crate) colour: bool,
    /// These kinds of things; single events only where they are named.
    pub(crate) only: Only,
    /// All remedies, not just one that works at once and one that lasts.
    pub(crate) all_fixes: bool,
    /// The end in 24 lines: after the screen, for a terminal of that height.
    pub(crate) brief: bool,
    /// Name of this machine, safe to print: lines of many nodes end up in one log.
    pub(crate) host: String,
}

impl Look {
    /// That of this machine.
    pub(crate) fn here(colour: bool) -> Look {
        Look { colour, host: escape(&machine::host()).into_owned(), ..Look::default() }
    }
}

/// Counts the lines that go to a writer.
pub(super) struct Counted<W> {
    out: W,
    /// Lines so far.
    pub(super) lines: u64,
}

impl<W> Counted<W> {
    /// Nothing was written yet.
    pub(super) fn new(out: W) -> Counted<W> {
        Counted { out, lines: 0 }
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        let sent = bytes.iter().take(written);
        self.lines += sent.filter(|byte| **byte == b'\n').count() as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
