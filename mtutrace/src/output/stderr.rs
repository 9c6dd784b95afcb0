//! Standard error: held back while a screen covers the terminal, where a log line would land in the middle of it, and
//! never waited for, whoever reads it.
use std::borrow::Cow;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::escape::{escape, escape_but};

/// Most bytes that are held; what comes after them is left out.
const MOST: usize = 64 * 1024;
/// Bytes that a pipe takes without waiting when poll(2) says that it takes any (PIPE_BUF).
const PIECE: usize = 4096;
/// A reader may be as late as this once; after that it has to be there.
const LATE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Nothing but errors is said (`--quiet`).
static QUIET: AtomicBool = AtomicBool::new(false);
static HELD: Mutex<Option<Vec<u8>>> = Mutex::new(None);
/// Nobody was reading a moment ago.
static UNREAD: AtomicBool = AtomicBool::new(false);

/// Writes to stderr, or keeps it until the screen is given back (`release`). What would block, or fails, is left out.
#[derive(Clone, Copy, Debug)]
pub struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Names from outside must not act on the terminal; escape codes here are the logger's, which escapes its own.
        let text = String::from_utf8_lossy(bytes);
        let safe = escape_but(&text, |c| matches!(c, '\n' | '\t' | '\x1b'));
        match &mut *HELD.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(held) => {
                let room = MOST.saturating_sub(held.len()).min(safe.len());
                held.extend_from_slice(safe.as_bytes().get(..room).unwrap_or_default());
            }
            None => put(safe.as_bytes()),
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// From now on [`note`] says nothing.
pub(crate) fn keep_quiet() {
    QUIET.store(true, Ordering::Relaxed);
}

/// Whether [`note`] says nothing.
pub(crate) fn is_quiet() -> bool {
    QUIET.load(Ordering::Relaxed)
}

/// Says something that is no error, unless somebody wants quiet.
pub(crate) fn note(text: &str) {
    if !is_quiet() {
        say(text);
    }
}

/// Says something, a line for each of its lines. Whoever closed stderr, or has no room for it, does not want to know.
pub fn say(text: &str) {
    for line in text.lines() {
        let safe: Cow<'_, str> = escape(line);
        let _never_fails = Stderr.write(format!("mtutrace: {safe}\n").as_bytes());
    }
}

fn put(bytes: &[u8]) {
    let mut stderr = io::stderr();
    for piece in bytes.chunks(PIECE) {
        let takes = takes_more(&stderr, UNREAD.load(Ordering::Relaxed));
        UNREAD.store(!takes, Ordering::Relaxed);
        if !takes || stderr.write_all(piece).is_err() {
            return;
        }
    }
}

/// Whether a write of up to [`PIECE`] bytes would not wait: at once, or soon.
pub(super) fn takes_more(out: &impl AsFd, at_once: bool) -> bool {
    let patience = if at_once { Timespec { tv_sec: 0, tv_nsec: 0 } } else { LATE };
    poll(&mut [PollFd::new(out, PollFlags::OUT)], Some(&patience)) != Ok(0)
}

/// From now on everything is held back.
pub(crate) fn hold() {
    HELD.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default();
}

/// Says what was held back, and holds no longer.
pub(crate) fn release() {
    let held = HELD.lock().unwrap_or_else(PoisonError::into_inner).take();
    put(&held.unwrap_or_default());
}
