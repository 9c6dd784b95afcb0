//! The body of a block: fields, then options, each padded to 32 bits. Little endian, as the section header says.
use bytes::BufMut;

/// Longest value of an option that is written: its length has 16 bits.
const LONGEST: usize = 65_000;

/// A body that grows.
#[derive(Debug, Default)]
pub(super) struct Body(Vec<u8>);

impl Body {
    /// Empty.
    pub(super) fn new() -> Body {
        Body::default()
    }

    pub(super) fn u16(mut self, value: u16) -> Body {
        self.0.put_u16_le(value);
        self
    }

    pub(super) fn u32(mut self, value: u32) -> Body {
        self.0.put_u32_le(value);
        self
    }

    pub(super) fn u64(mut self, value: u64) -> Body {
        self.0.put_u64_le(value);
        self
    }

    /// A time in two halves, the upper one first whatever the byte order.
    pub(super) fn time(self, ns: u64) -> Body {
        let [upper, lower] = halves(ns);
        self.u32(upper).u32(lower)
    }

    /// Bytes, padded.
    pub(super) fn bytes(mut self, bytes: &[u8]) -> Body {
        self.0.put_slice(bytes);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        self
    }

    /// An option; one that is too long is cut.
    pub(super) fn option(self, code: u16, value: &[u8]) -> Body {
        let value = value.get(..LONGEST).unwrap_or(value);
        let length = u16::try_from(value.len()).unwrap_or(0);
        self.u16(code).u16(length).bytes(value)
    }

    /// An option that is text; one that is too long is cut between two characters.
    pub(super) fn text(self, code: u16, text: &str) -> Body {
        let end = (0..=LONGEST.min(text.len())).rev().find(|end| text.is_char_boundary(*end));
        self.option(code, text.get(..end.unwrap_or(0)).unwrap_or_default().as_bytes())
    }

    /// An option that is a time.
    pub(super) fn time_option(self, code: u16, ns: u64) -> Body {
        let [upper, lower] = halves(ns);
        self.u16(code).u16(8).u32(upper).u32(lower)
    }

    /// The block with the type `kind` around it. `options`: whether there were any, which then end here.
    pub(super) fn block(self, kind: u32, options: bool) -> Vec<u8> {
        let Body(body) = if options { self.u16(0).u16(0) } else { self };
        let length = u32::try_from(body.len() + 12).unwrap_or(u32::MAX);
        let mut block = Vec::with_capacity(body.len() + 12);
        block.put_u32_le(kind);
        block.put_u32_le(length);
        block.put_slice(&body);
        block.put_u32_le(length);
        block
    }
}

fn halves(ns: u64) -> [u32; 2] {
    [ns >> 32, ns & u64::from(u32::MAX)].map(|half| u32::try_from(half).unwrap_or(0))
}
