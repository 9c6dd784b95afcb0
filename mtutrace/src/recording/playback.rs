//! A recording as what it says, in order. It may come from anybody.
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use super::head::Head;
use super::journal::{Decoder, Entry, JournalError};
use super::pcapng::{ReadError, Reader};

/// Why a recording cannot be read, or not to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaybackError {
    /// It cannot be opened.
    #[error("{0}")]
    Open(io::Error),
    /// pcapng, and nothing in it that replay needs.
    #[error(
        "it has packets alone: it is no recording of `mtutrace record`, or a program such as editcap or mergecap has left \
         out what replay reads; use the file as it was recorded"
    )]
    PacketsAlone,
    /// The file.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// What is in it.
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// A recording that is being read.
pub(crate) struct Playback {
    reader: Reader<Box<dyn Read>>,
    decoder: Decoder,
    over: bool,
}

impl Playback {
    /// Opens one (`-` is stdin), and reads what it says of itself.
    ///
    /// # Errors
    /// When it cannot be read, or is none.
    pub(crate) fn open(path: &Path) -> Result<(Playback, Head), PlaybackError> {
        let input: Box<dyn Read> = if path == Path::new("-") {
            Box::new(io::stdin())
        } else {
            Box::new(File::open(path).map_err(PlaybackError::Open)?)
        };
        Playback::new(Box::new(BufReader::with_capacity(256 * 1024, input)))
    }

    /// The same of what `input` gives.
    ///
    /// # Errors
    /// When it is no recording.
    pub(crate) fn new(input: Box<dyn Read>) -> Result<(Playback, Head), PlaybackError> {
        let mut playback = Playback { reader: Reader::new(input), decoder: Decoder::default(), over: false };
        match playback.next() {
            Some(Ok((_, Entry::Head(head)))) => Ok((playback, *head)),
            Some(Ok(_)) | None => Err(PlaybackError::PacketsAlone),
            Some(Err(e)) => Err(e),
        }
    }

    fn entry(&mut self) -> Result<Option<(u64, Entry)>, PlaybackError> {
        let Some(payload) = self.reader.next().transpose()? else { return Ok(None) };
        Ok(Some((payload.time_ns, self.decoder.decode(payload.number, payload.payload)?)))
    }
}

impl Iterator for Playback {
    /// CLOCK_MONOTONIC nanoseconds, and what came then.
    type Item = Result<(u64, Entry), PlaybackError>;

    /// After an error it is at its end.
    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let entry = self.entry().transpose();
        self.over = !matches!(entry, Some(Ok(_)));
        entry
    }
}
