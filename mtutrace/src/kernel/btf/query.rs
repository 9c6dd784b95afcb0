//! Enums and functions.
use super::kind::Kind;
use super::types::{Btf, Type};

/// What the prototype of a raw tracepoint is called (`include/trace/bpf_probe.h`).
const TRACEPOINT: &str = "btf_trace_";

impl Btf {
    /// Value of a variant of a named enum; a negative one as two's complement.
    pub fn enum_value(&self, name: &str, variant: &str) -> Option<u64> {
        self.named(name, &[Kind::Enum, Kind::Enum64]).find_map(|found| {
            let hit = self.variants(found).find(|(name, _)| self.is_name(*name, variant));
            hit.map(|(_, value)| value)
        })
    }

    /// The variants of a named enum in their order; none when there is no such enum.
    pub fn enum_variants(&self, name: &str) -> Vec<(&str, u64)> {
        let Some(found) = self.named(name, &[Kind::Enum, Kind::Enum64]).next() else { return Vec::new() };
        self.variants(found).filter_map(|(name, value)| Some((self.string(name)?, value))).collect()
    }

    /// Number of arguments of a function, or of a raw tracepoint by its prototype `btf_trace_<name>`, whose
    /// leading `void *__data` isn't counted since BPF programs don't get it. Nor is a trailing `...`.
    pub fn func_args(&self, name: &str) -> Option<usize> {
        self.named(name, &[Kind::Func, Kind::Typedef]).find_map(|found| {
            let target = self.plain(found.value)?;
            let prototype = if target.kind == Kind::Ptr { self.plain(target.value)? } else { target };
            let arguments = self.arguments(prototype)?;
            if name.starts_with(TRACEPOINT) { arguments.checked_sub(1) } else { Some(arguments) }
        })
    }

    /// `struct btf_param`, 8 bytes each; a last one without type is the `...`.
    fn arguments(&self, prototype: Type) -> Option<usize> {
        if prototype.kind != Kind::FuncProto {
            return None;
        }
        let Some(last) = prototype.count.checked_sub(1) else { return Some(0) };
        let at = prototype.body.checked_add(last.checked_mul(8)?)?;
        Some(if self.word(at, 4)? == 0 { last } else { prototype.count })
    }

    /// Offset of the name, and value, of `struct btf_enum` (8 bytes) or `struct btf_enum64` (12).
    fn variants(&self, found: Type) -> impl Iterator<Item = (u32, u64)> + '_ {
        let size = if found.kind == Kind::Enum64 { 12 } else { 8 };
        (0..found.count).map_while(move |index| {
            let at = found.body.checked_add(index.checked_mul(size)?)?;
            let low = self.word(at, 4)?;
            let value = if found.kind == Kind::Enum64 {
                u64::from(low) | u64::from(self.word(at, 8)?) << 32
            } else if found.flag {
                i64::from(low.cast_signed()).cast_unsigned()
            } else {
                u64::from(low)
            };
            Some((self.word(at, 0)?, value))
        })
    }
}
