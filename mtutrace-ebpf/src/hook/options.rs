//! TCP options, bounded.
use super::seen::Seen;
use crate::packet::Source;

/// Most options that are looked through. The MSS comes first from every stack there is, padding aside; for SACK it is two NOPs
/// in front of each of timestamps and SACK, and one to spare.
const MAX_OPTIONS: usize = 8;

/// Where the header ends that `seen.transport` begins, from the IP header.
#[inline(always)]
pub fn end(seen: &Seen<'_>) -> Option<usize> {
    let offset: u8 = seen.source.get(seen.transport + 12)?;
    Some(seen.transport + usize::from(offset >> 4) * 4)
}

/// Where the first option of that kind is, if at least `least` bytes of the header are there for it.
#[inline(always)]
pub fn find(seen: &Seen<'_>, end: usize, wanted: u8, least: usize) -> Option<usize> {
    let mut at = seen.transport + 20;
    for _ in 0..MAX_OPTIONS {
        if at + least > end {
            return None;
        }
        let [kind, length] = seen.source.get::<[u8; 2]>(at)?;
        match kind {
            0 => return None,
            1 => at += 1,
            _ if kind == wanted => return Some(at),
            _ if length < 2 => return None,
            _ => at += usize::from(length),
        }
    }
    None
}
