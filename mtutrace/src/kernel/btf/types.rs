//! The types by number and by name.
use std::path::Path;

use bytes::Bytes;

use super::error::BtfError;
use super::kind::Kind;

/// `BTF_MAGIC`
const MAGIC: u16 = 0xeb9f;
/// `sizeof(struct btf_header)`; a longer header is a newer one, and its offsets still count from its end.
const HEADER: usize = 24;
/// `sizeof(struct btf_type)`
const TYPE: usize = 12;
/// Links of a chain of typedefs and qualifiers that are followed; kernels have fewer than ten.
const MAX_CHAIN: usize = 32;

/// Parsed BTF: the bytes as they came, and where each type starts in them.
#[derive(Clone, Debug)]
pub struct Btf {
    types: Bytes,
    pub(super) strings: Bytes,
    /// Of type `i + 1`, its offset in `types`; id 0 is void.
    starts: Vec<u32>,
    /// Of `starts`, those of structs, unions and enums: one in ten, and nearly all that is looked up by name.
    data: Vec<u32>,
}

/// The fixed part of a type (`struct btf_type`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Type {
    pub(super) name: u32,
    pub(super) kind: Kind,
    /// `kind_flag`: of a struct, that members may be bitfields; of an enum, that its values are signed.
    pub(super) flag: bool,
    /// `vlen`: members, variants or parameters.
    pub(super) count: usize,
    /// `size` or `type`, as the kind has it.
    pub(super) value: u32,
    /// Where what follows `struct btf_type` starts, in the type section.
    pub(super) body: usize,
}

impl Btf {
    /// Reads and parses a file such as [`super::VMLINUX`].
    ///
    /// # Errors
    /// When it cannot be read, and as [`Btf::parse`].
    pub fn read(path: impl AsRef<Path>) -> Result<Btf, BtfError> {
        let path = path.as_ref();
        let data = std::fs::read(path).map_err(|source| BtfError::Io { path: path.to_owned(), source })?;
        Btf::parse(data)
    }

    /// Checks the header and finds the start of every type, in one pass.
    ///
    /// # Errors
    /// When the data is no BTF of this machine's byte order, is cut off, or has a kind that is unknown here.
    pub fn parse(data: impl Into<Bytes>) -> Result<Btf, BtfError> {
        let (types, strings) = sections(&data.into())?;
        Btf::of(types, strings)
    }

    /// The same with the types of a module, whose own (split) BTF goes on where that of the kernel ends: its ids and its strings
    /// count on from there.
    ///
    /// # Errors
    /// As [`Btf::parse`].
    pub fn with_module(&self, data: impl Into<Bytes>) -> Result<Btf, BtfError> {
        let (types, strings) = sections(&data.into())?;
        let both = |first: &Bytes, second: &Bytes| Bytes::from([&first[..], &second[..]].concat());
        Btf::of(both(&self.types, &types), both(&self.strings, &strings))
    }

    fn of(types: Bytes, strings: Bytes) -> Result<Btf, BtfError> {
        if strings.last() != Some(&0) {
            return Err(BtfError::Strings);
        }
        let mut btf = Btf { types, strings, starts: Vec::new(), data: Vec::new() };
        btf.index()?;
        Ok(btf)
    }

    /// Number of types, without void.
    pub fn len(&self) -> usize {
        self.starts.len()
    }

    /// Whether it describes no type.
    pub fn is_empty(&self) -> bool {
        self.starts.is_empty()
    }

    fn index(&mut self) -> Result<(), BtfError> {
        let truncated = BtfError::Truncated { part: "type section" };
        let mut at = 0usize;
        while at < self.types.len() {
            let Some(info) = at.checked_add(4).and_then(|info| word(&self.types, info)) else {
                return Err(truncated);
            };
            let id = u32::try_from(self.starts.len()).unwrap_or(u32::MAX).saturating_add(1);
            let number = kind_number(info);
            let kind = Kind::from_number(number).ok_or(BtfError::Kind { id, kind: number })?;
            let next = kind.body_size(count(info)).checked_add(TYPE).and_then(|size| size.checked_add(at));
            let (Some(next), Ok(start)) = (next.filter(|next| *next <= self.types.len()), u32::try_from(at))
            else {
                return Err(truncated);
            };
            self.starts.push(start);
            if kind.is_data() {
                self.data.push(start);
            }
            at = next;
        }
        Ok(())
    }

    fn get(&self, id: u32) -> Option<Type> {
        let index = usize::try_from(id).ok()?.checked_sub(1)?;
        self.at(*self.starts.get(index)?)
    }

    fn at(&self, start: u32) -> Option<Type> {
        let start = usize::try_from(start).ok()?;
        let info = self.word(start, 4)?;
        Some(Type {
            name: self.word(start, 0)?,
            kind: Kind::from_number(kind_number(info))?,
            flag: info >> 31 == 1,
            count: count(info),
            value: self.word(start, 8)?,
            body: start.checked_add(TYPE)?,
        })
    }

    /// The types of some name and kind. There can be several: names are unique in one compilation unit only.
    pub(super) fn named<'a>(&'a self, name: &'a str, kinds: &'a [Kind]) -> impl Iterator<Item = Type> + 'a {
        let all = if kinds.iter().all(|kind| kind.is_data()) { &self.data } else { &self.starts };
        let types = all.iter().filter_map(|start| self.at(*start));
        types.filter(move |found| kinds.contains(&found.kind) && self.is_name(found.name, name))
    }

    /// The type behind typedefs, qualifiers and tags.
    pub(super) fn plain(&self, id: u32) -> Option<Type> {
        let mut found = self.get(id)?;
        for _ in 0..MAX_CHAIN {
            if !found.kind.is_alias() {
                return Some(found);
            }
            found = self.get(found.value)?;
        }
        None
    }

    pub(super) fn word(&self, base: usize, offset: usize) -> Option<u32> {
        word(&self.types, base.checked_add(offset)?)
    }

    /// Whether the string at this offset is `name`; an empty name is nobody's.
    pub(super) fn is_name(&self, offset: u32, name: &str) -> bool {
        let tail = usize::try_from(offset).ok().and_then(|offset| self.strings.get(offset..));
        let rest = tail.and_then(|tail| tail.strip_prefix(name.as_bytes()));
        !name.is_empty() && rest.and_then(<[u8]>::first) == Some(&0)
    }

    pub(super) fn string(&self, offset: u32) -> Option<&str> {
        let tail = self.strings.get(usize::try_from(offset).ok()?..)?;
        std::str::from_utf8(tail.split(|byte| *byte == 0).next()?).ok()
    }
}

struct Header {
    length: usize,
    types: [u32; 2],
    strings: [u32; 2],
}

impl Header {
    fn read(data: &[u8]) -> Result<Header, BtfError> {
        let truncated = || BtfError::Truncated { part: "header" };
        let fixed = data.first_chunk::<8>().ok_or_else(truncated)?;
        let [m0, m1, version, flags, length @ ..] = *fixed;
        let magic = u16::from_ne_bytes([m0, m1]);
        if magic != MAGIC {
            return Err(BtfError::Magic(magic));
        }
        if version != 1 || flags != 0 {
            return Err(BtfError::Version { version, flags });
        }
        let length = usize::try_from(u32::from_ne_bytes(length)).map_err(|_| truncated())?;
        if length < HEADER || data.len() < length {
            return Err(truncated());
        }
        let field = |at| word(data, at).ok_or_else(truncated);
        Ok(Header { length, types: [field(8)?, field(12)?], strings: [field(16)?, field(20)?] })
    }
}

/// The types and the strings.
fn sections(data: &Bytes) -> Result<(Bytes, Bytes), BtfError> {
    let header = Header::read(data)?;
    let types = section(data, header.length, header.types, "type section")?;
    Ok((types, section(data, header.length, header.strings, "string section")?))
}

/// A section by its offset from the end of the header, and its length.
fn section(data: &Bytes, header: usize, place: [u32; 2], part: &'static str) -> Result<Bytes, BtfError> {
    let range = || {
        let [offset, length] = place.map(|number| usize::try_from(number).ok());
        let start = header.checked_add(offset?)?;
        let end = start.checked_add(length?)?;
        (end <= data.len()).then_some(start..end)
    };
    range().map(|range| data.slice(range)).ok_or(BtfError::Truncated { part })
}

fn word(data: &[u8], at: usize) -> Option<u32> {
    let bytes = data.get(at..)?.first_chunk::<4>()?;
    Some(u32::from_ne_bytes(*bytes))
}

/// Bits 24–30 of `info`. The documented kinds need five of them, and the kernel wants the rest zero; reading
/// them too makes a future larger kind an unknown one instead of a wrong one.
fn kind_number(info: u32) -> u8 {
    u8::try_from((info >> 24) & 0x7f).unwrap_or(0)
}

/// Bits 0–23 of `info`: the documented `vlen` is bits 0–15, and the rest zero, as above.
fn count(info: u32) -> usize {
    usize::try_from(info & 0x00ff_ffff).unwrap_or(usize::MAX)
}
