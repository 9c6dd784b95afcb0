//! Sequence numbers go round.

/// How far `a` is ahead of `b`; negative if it is behind.
pub(super) fn ahead(a: u32, b: u32) -> i32 {
    a.wrapping_sub(b).cast_signed()
}
