//! A reader that fills the buffer that it is given: pipes give less, and a short first read would look like damage.

use std::io::{ErrorKind, Read, Result};

#[derive(Debug)]
pub(super) struct Full<R>(R);

impl<R: Read> Full<R> {
    pub(super) fn new(inner: R) -> Self {
        Self(inner)
    }
}

impl<R: Read> Read for Full<R> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        let mut filled = 0;
        while let Some(room) = buffer.get_mut(filled..).filter(|room| !room.is_empty()) {
            match self.0.read(room) {
                Ok(0) => break,
                Ok(bytes) => filled += bytes,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // What came before it counts; the error comes again.
                Err(_) if filled > 0 => break,
                Err(error) => return Err(error),
            }
        }
        Ok(filled)
    }
}
