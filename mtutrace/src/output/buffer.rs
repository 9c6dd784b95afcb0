//! Bytes that somebody writes and somebody else takes, on one thread.
use std::cell::RefCell;
use std::io::{self, Write};
use std::rc::Rc;

/// What is written, until it is taken.
#[derive(Clone, Debug, Default)]
pub(super) struct Buffer(Rc<RefCell<Vec<u8>>>);

impl Buffer {
    /// All of it; nothing is left.
    pub(super) fn take(&self) -> Vec<u8> {
        self.0.take()
    }

    /// Shows all of it and then forgets it; the room stays.
    pub(super) fn drain<R>(&self, show: impl FnOnce(&[u8]) -> R) -> R {
        let mut bytes = self.0.borrow_mut();
        let result = show(&bytes);
        bytes.clear();
        result
    }
}

impl Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
