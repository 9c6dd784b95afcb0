//! A thread that writes to stdout: a reader that does not read must not hold up the tracing, nor its end.
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};

use crate::kernel::privileges;

/// Bytes that wait at most, besides as many that the thread is writing.
const ROOM: usize = 4 << 20;
/// Of that, only for what matters: a flood of events must not crowd out a verdict.
const RESERVED: usize = 1 << 20;
/// Bytes of one write(2), so that a slow reader is told from one that does not read.
const PIECE: usize = 16 << 10;

/// Whether something may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Worth {
    /// When more waits than usual.
    Ordinary,
    /// When there is no room at all.
    Important,
    /// Never: nothing comes after it.
    Last,
}

/// How long the end waits for its reader.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// For one that takes nothing.
    stuck: Duration,
    /// In all, for one that takes something.
    slow: Duration,
}

impl Patience {
    /// Of somebody who has sent a signal, and expects the end.
    pub(crate) const SIGNALLED: Patience =
        Patience { stuck: Duration::from_millis(500), slow: Duration::from_secs(5) };
    /// Where the run has ended by itself.
    pub(crate) const ENDED: Patience =
        Patience { stuck: Duration::from_secs(5), slow: Duration::from_secs(60) };
}

/// What the reader has not taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Backlog {
    /// Bytes that wait.
    pub(crate) bytes: usize,
    /// For how long the reader has taken nothing, if something waits.
    pub(crate) stuck: Duration,
    /// Lines that were left out, from the start.
    pub(crate) unwritten: u64,
    /// Lines that were left out because of `--rate-limit`, from the start.
    pub(crate) limited: u64,
}

/// The way to the thread, which ends with this, or at the first error.
pub(crate) struct Queue(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    waiting: Vec<u8>,
    /// Bytes that the thread has taken and not yet written.
    writing: usize,
    /// When something was written last, or began to wait.
    moved: Instant,
    unwritten: u64,
    error: Option<(ErrorKind, Option<i32>)>,
    closed: bool,
}

impl Queue {
    /// Starts the thread.
    ///
    /// # Errors
    /// When there is none to be had.
    pub(crate) fn new(out: File) -> io::Result<Queue> {
        let state = State {
            waiting: Vec::new(),
            writing: 0,
            moved: Instant::now(),
            unwritten: 0,
            error: None,
            closed: false,
        };
        let shared = Arc::new(Shared { state: Mutex::new(state), changed: Condvar::new() });
        let work = Arc::clone(&shared);
        std::thread::Builder::new().name("stdout".to_owned()).spawn(move || work.write_all(out))?;
        Ok(Queue(shared))
    }

    /// Has whole lines written, or counts them where there is no room.
    ///
    /// # Errors
    /// What write(2) said, once it has failed.
    pub(crate) fn push(&self, lines: &[u8], worth: Worth) -> io::Result<()> {
        let mut state = self.0.lock();
        state.check()?;
        let room = match worth {
            Worth::Ordinary => ROOM - RESERVED,
            Worth::Important => ROOM,
            Worth::Last => usize::MAX,
        };
        if state.waiting.len().saturating_add(lines.len()) > room {
            state.unwritten += lines.iter().filter(|byte| **byte == b'\n').count() as u64;
            return Ok(());
        }
        if state.is_idle() {
            state.moved = Instant::now();
        }
        state.waiting.extend_from_slice(lines);
        Ok(())
    }

    /// Wakes the thread: once a batch, not once a line.
    ///
    /// # Errors
    /// As for `push`.
    pub(crate) fn flush(&self) -> io::Result<()> {
        let state = self.0.lock();
        if !state.waiting.is_empty() {
            self.0.changed.notify_all();
        }
        state.check()
    }

    /// What the reader has not taken.
    pub(crate) fn backlog(&self) -> Backlog {
        let state = self.0.lock();
        let stuck = if state.is_idle() { Duration::ZERO } else { state.moved.elapsed() };
        Backlog { bytes: state.waiting.len() + state.writing, stuck, unwritten: state.unwritten, limited: 0 }
    }

    /// Waits until all is written, but not for ever.
    ///
    /// # Errors
    /// As for `push`; `TimedOut` when the reader does not read.
    pub(crate) fn settle(&self, patience: Patience) -> io::Result<()> {
        let start = Instant::now();
        let mut state = self.0.lock();
        self.0.changed.notify_all();
        loop {
            state.check()?;
            if state.is_idle() {
                return Ok(());
            }
            let left = (state.moved.max(start) + patience.stuck)
                .min(start + patience.slow)
                .saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(ErrorKind::TimedOut.into());
            }
            state = self.0.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.0.lock().closed = true;
        self.0.changed.notify_all();
    }
}

impl State {
    fn is_idle(&self) -> bool {
        self.waiting.is_empty() && self.writing == 0
    }

    fn check(&self) -> io::Result<()> {
        match self.error {
            None => Ok(()),
            Some((_, Some(number))) => Err(io::Error::from_raw_os_error(number)),
            Some((kind, None)) => Err(kind.into()),
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread.
    fn write_all(&self, mut out: File) {
        privileges::keep_none();
        while let Some(lines) = self.next() {
            for piece in lines.chunks(PIECE) {
                let written = write(&mut out, piece);
                let mut state = self.lock();
                state.writing -= piece.len();
                state.moved = Instant::now();
                if let Err(e) = written {
                    state.error = Some((e.kind(), e.raw_os_error()));
                }
                self.changed.notify_all();
                if state.error.is_some() {
                    return;
                }
            }
        }
    }

    /// What is to be written next; nothing when no more will come.
    fn next(&self) -> Option<Vec<u8>> {
        let mut state = self.lock();
        while state.waiting.is_empty() {
            if state.closed {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.writing = state.waiting.len();
        Some(std::mem::take(&mut state.waiting))
    }
}

/// As `write_all`, also to a pipe that somebody has made non-blocking.
fn write(out: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match out.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) if e.kind() == ErrorKind::WouldBlock => {
                poll(&mut [PollFd::new(out, PollFlags::OUT)], None)?;
            }
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
