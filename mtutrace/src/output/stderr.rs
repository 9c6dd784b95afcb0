//! Standard error, held back while a screen covers the terminal: a log line would land in the middle of it.
use std::io::{self, Write};
use std::sync::{Mutex, PoisonError};

/// Most bytes that are held; what comes after them is left out.
const MOST: usize = 64 * 1024;

static HELD: Mutex<Option<Vec<u8>>> = Mutex::new(None);

/// Writes to stderr, or keeps it until the screen is given back (`release`).
#[derive(Clone, Copy, Debug)]
pub struct Stderr;

impl Write for Stderr {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut *HELD.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(held) => {
                let room = MOST.saturating_sub(held.len()).min(bytes.len());
                held.extend_from_slice(&bytes[..room]);
                Ok(bytes.len())
            }
            None => io::stderr().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// From now on everything is held back.
pub(crate) fn hold() {
    HELD.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default();
}

/// Says what was held back, and holds no longer.
pub(crate) fn release() {
    let held = HELD.lock().unwrap_or_else(PoisonError::into_inner).take();
    // Who closed stderr does not want to know.
    let _ = io::stderr().write_all(&held.unwrap_or_default());
}
