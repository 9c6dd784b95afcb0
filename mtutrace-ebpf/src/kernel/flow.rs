//! `struct flowi4` and `struct flowi6`: what a route was looked up for.
use crate::memory::read;

/// Source and destination.
#[inline(always)]
pub fn flowi4_ends(flow: *const u8) -> Option<([u8; 16], [u8; 16])> {
    let src: [u8; 4] = read(flow, offset!(flowi4_saddr))?;
    let dst: [u8; 4] = read(flow, offset!(flowi4_daddr))?;
    let mut ends = ([0; 16], [0; 16]);
    ends.0[..4].copy_from_slice(&src);
    ends.1[..4].copy_from_slice(&dst);
    Some(ends)
}

/// Source and destination.
#[inline(always)]
pub fn flowi6_ends(flow: *const u8) -> Option<([u8; 16], [u8; 16])> {
    Some((read(flow, offset!(flowi6_saddr))?, read(flow, offset!(flowi6_daddr))?))
}
