//! Reads our own blocks out of a pcapng file, in order, and passes over all others. The file may come from anybody.
use std::io::{self, ErrorKind, Read};

use bytes::Bytes;

use super::local;
use super::numbers::{BYTE_ORDER, LARGEST, kind};

/// What one of our blocks carries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Payload {
    /// Number of its kind.
    pub(crate) number: u8,
    /// CLOCK_MONOTONIC nanoseconds.
    pub(crate) time_ns: u64,
    /// The payload.
    pub(crate) payload: Bytes,
}

/// Why reading ends before the file does.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// Not pcapng.
    #[error("it is no pcapng file")]
    Foreign,
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// Damaged.
    #[error("byte {offset}: {why}")]
    Damaged {
        /// Where the block begins that is damaged.
        offset: u64,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// Reads a file from its beginning. After an error it is at its end.
#[derive(Debug)]
pub(crate) struct Reader<R> {
    input: R,
    offset: u64,
    big_endian: bool,
    begun: bool,
    over: bool,
}

impl<R: Read> Reader<R> {
    /// Nothing is read yet.
    pub(crate) fn new(input: R) -> Reader<R> {
        Reader { input, offset: 0, big_endian: false, begun: false, over: false }
    }

    fn damaged(&self, why: &'static str) -> ReadError {
        ReadError::Damaged { offset: self.offset, why }
    }

    fn number(&self, bytes: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }

    /// The next payload; nothing at the end.
    fn step(&mut self) -> Result<Option<Payload>, ReadError> {
        loop {
            let Some(head) = self.head()? else { return Ok(None) };
            let [kind, length] = head;
            let body = self.body(kind, length)?;
            self.offset += u64::from(length);
            if kind == kind::LOCAL
                && let Some((number, time_ns, payload)) =
                    local::parse(body).map_err(|why| self.damaged(why))?
            {
                return Ok(Some(Payload { number, time_ns, payload }));
            }
        }
    }

    /// Type and length of the next block; nothing at the end.
    fn head(&mut self) -> Result<Option<[u32; 2]>, ReadError> {
        let mut head = [0; 8];
        let got = fill(&mut self.input, &mut head)?;
        let [a, b, c, d, length @ ..] = head;
        let section = [a, b, c, d] == kind::SECTION.to_le_bytes();
        let begins = section && got == head.len();
        if !(self.begun || begins) {
            return Err(if got == 0 { self.damaged("it is empty") } else { ReadError::Foreign });
        }
        if got == 0 {
            return Ok(None);
        }
        if got < head.len() {
            return Err(self.damaged("it ends within a block"));
        }
        if section {
            // Its byte order stands behind its length.
            return Ok(Some([kind::SECTION, u32::from_le_bytes(length)]));
        }
        Ok(Some([self.number([a, b, c, d]), self.number(length)]))
    }

    /// The rest of the block, without its trailing length.
    fn body(&mut self, kind: u32, length: u32) -> Result<Bytes, ReadError> {
        let mut begin = Vec::new();
        let mut length = length;
        if kind == kind::SECTION {
            let mut magic = [0; 4];
            if fill(&mut self.input, &mut magic)? < magic.len() {
                return Err(self.damaged("it ends within a block"));
            }
            self.big_endian = match (u32::from_le_bytes(magic), u32::from_be_bytes(magic)) {
                (BYTE_ORDER, _) => false,
                (_, BYTE_ORDER) => true,
                _ if !self.begun => return Err(ReadError::Foreign),
                _ => return Err(self.damaged("its byte order is none")),
            };
            self.begun = true;
            length = self.number(length.to_le_bytes());
            begin.extend_from_slice(&magic);
        }
        let whole = usize::try_from(length).unwrap_or(usize::MAX);
        if whole < 12 + begin.len() || !whole.is_multiple_of(4) {
            return Err(self.damaged("a block has a length that none can have"));
        }
        if whole > LARGEST + 64 {
            return Err(self.damaged("a block is larger than 16 MiB"));
        }
        // Grows as the file does: a length alone takes no memory.
        let rest = whole - 8 - begin.len();
        let limit = u64::try_from(rest).unwrap_or(0);
        let mut body = begin;
        let got = (&mut self.input).take(limit).read_to_end(&mut body)?;
        if got < rest {
            return Err(self.damaged("it ends within a block"));
        }
        let end = body.split_off(body.len() - 4);
        if <[u8; 4]>::try_from(end.as_slice()).is_ok_and(|end| self.number(end) != length) {
            return Err(self.damaged("the two lengths of a block differ"));
        }
        Ok(body.into())
    }
}

impl<R: Read> Iterator for Reader<R> {
    type Item = Result<Payload, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.over {
            return None;
        }
        let step = self.step().transpose();
        self.over = !matches!(step, Some(Ok(_)));
        step
    }
}

/// Reads until it is full, or nothing more comes.
fn fill(input: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut got = 0;
    while let Some(rest) = buffer.get_mut(got..).filter(|rest| !rest.is_empty()) {
        match input.read(rest) {
            Ok(0) => break,
            Ok(more) => got += more,
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(got)
}
