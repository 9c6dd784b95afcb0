//! BTF taken apart into raw types.

use anyhow::{Context, Result};

/// `BTF_KIND_*` (include/uapi/linux/btf.h), those that need treatment of their own.
pub(super) mod kind {
    pub(in super::super) const INT: u32 = 1;
    pub(in super::super) const ARRAY: u32 = 3;
    pub(in super::super) const STRUCT: u32 = 4;
    pub(in super::super) const UNION: u32 = 5;
    pub(in super::super) const ENUM: u32 = 6;
    pub(in super::super) const TYPEDEF: u32 = 8;
    pub(in super::super) const FUNC_PROTO: u32 = 13;
    pub(in super::super) const VAR: u32 = 14;
    pub(in super::super) const DATASEC: u32 = 15;
    pub(in super::super) const FLOAT: u32 = 16;
    pub(in super::super) const DECL_TAG: u32 = 17;
    pub(in super::super) const ENUM64: u32 = 19;
    /// Typedef, volatile, const, restrict, type tag: another name for the type that they refer to.
    pub(in super::super) const ALIASES: [u32; 5] = [TYPEDEF, 9, 10, 11, 18];
}

/// `struct btf_type` and what follows it, as words.
pub(super) struct Type {
    pub(super) name: u32,
    pub(super) kind: u32,
    pub(super) flag: bool,
    pub(super) count: usize,
    pub(super) value: u32,
    pub(super) body: Vec<u32>,
}

impl Type {
    /// Words of each member, variant or parameter.
    pub(super) fn stride(&self) -> Option<usize> {
        match self.kind {
            kind::STRUCT | kind::UNION | kind::DATASEC | kind::ENUM64 => Some(3),
            kind::ENUM | kind::FUNC_PROTO => Some(2),
            _ => None,
        }
    }

    pub(super) fn is_aggregate(&self) -> bool {
        matches!(self.kind, kind::STRUCT | kind::UNION)
    }
}

/// BTF taken apart. Type 0 is void.
pub(super) struct Source {
    pub(super) types: Vec<Type>,
    pub(super) strings: Vec<u8>,
}

impl Source {
    pub(super) fn parse(data: &[u8]) -> Result<Self> {
        let word = |at: usize| {
            let bytes = data.get(at..).and_then(<[u8]>::first_chunk::<4>).context("BTF ends early")?;
            Ok::<_, anyhow::Error>(u32::from_ne_bytes(*bytes))
        };
        let size = |at: usize| Ok::<_, anyhow::Error>(word(at)? as usize);
        let header = size(4)?;
        let (mut at, end) = (header + size(8)?, header + size(8)? + size(12)?);
        let strings = header + size(16)?;
        let strings = data.get(strings..strings + size(20)?).context("BTF ends early")?.to_vec();
        let mut types = vec![Type { name: 0, kind: 0, flag: false, count: 0, value: 0, body: Vec::new() }];
        while at < end {
            let info = word(at + 4)?;
            let (kind, count) = (info >> 24 & 0x1f, (info & 0xffff) as usize);
            let mut found = Type {
                name: word(at)?,
                kind,
                flag: info >> 31 == 1,
                count,
                value: word(at + 8)?,
                body: Vec::new(),
            };
            let words = match kind {
                kind::INT | kind::VAR | kind::DECL_TAG => 1,
                kind::ARRAY => 3,
                _ => found.stride().map_or(0, |stride| stride * count),
            };
            found.body = (0..words).map(|i| word(at + 12 + i * 4)).collect::<Result<_>>()?;
            types.push(found);
            at += 12 + words * 4;
        }
        Ok(Self { types, strings })
    }

    pub(super) fn text(&self, at: u32) -> &[u8] {
        let tail = self.strings.get(at as usize..).unwrap_or_default();
        tail.split(|byte| *byte == 0).next().unwrap_or_default()
    }

    pub(super) fn get(&self, id: u32) -> &Type {
        self.types.get(id as usize).unwrap_or(&self.types[0])
    }

    /// Ids of the types of a name and one of these kinds.
    pub(super) fn named<'a>(&'a self, name: &'a str, kinds: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
        let hit = move |found: &Type| kinds.contains(&found.kind) && self.text(found.name) == name.as_bytes();
        (0u32..).zip(&self.types).filter(move |(_, found)| hit(found)).map(|(id, _)| id)
    }
}
