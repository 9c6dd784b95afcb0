//! What names a verdict.
use std::fmt;
use std::hash::{Hash, Hasher};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

/// The id of a verdict: the only thing by which two lines are known to be about the same verdict. It is made of who suffers,
/// of what and since when, so that a replay of the same records gives the same ids.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct VerdictId(u64);

impl VerdictId {
    /// The id of a verdict about what `parts` name.
    pub(crate) fn of(parts: impl Hash) -> VerdictId {
        let mut hasher = Fnv(0xcbf2_9ce4_8422_2325);
        parts.hash(&mut hasher);
        VerdictId(hasher.finish())
    }
}

impl VerdictId {
    /// Its number: what its text is in hexadecimal digits.
    pub(crate) fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for VerdictId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for VerdictId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for VerdictId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for VerdictId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "VerdictId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9a-f]{16}$" })
    }
}

/// FNV-1a, because the standard library's hasher may change from release to release.
struct Fnv(u64);

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn write_u32(&mut self, n: u32) {
        self.write(&n.to_le_bytes());
    }

    fn write_u64(&mut self, n: u64) {
        self.write(&n.to_le_bytes());
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_the_same_in_every_build() {
        assert_eq!(VerdictId::of((1_u32, 2_u64)).to_string(), "9d19bb4bd820c026");
        assert_ne!(VerdictId::of((1_u32, 2_u64)), VerdictId::of((2_u32, 1_u64)));
    }
}
