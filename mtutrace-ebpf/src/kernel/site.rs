//! Functions of the kernel that free too-big packets.
use mtutrace_common::config::{DropCause, DropSite, MAX_DROP_SITES};

use crate::maps::DROP_SITES;

/// Which of the watched functions holds this address.
#[inline(always)]
pub fn drop_site(location: u64) -> Option<u32> {
    let sites: &[DropSite; MAX_DROP_SITES as usize] = DROP_SITES.get(0)?;
    for site in sites {
        if site.start == 0 {
            return None;
        }
        if location >= site.start && location < site.end {
            return Some(site.cause);
        }
    }
    None
}

/// `DropCause` by number, for comparisons.
#[inline(always)]
pub const fn cause(cause: DropCause) -> u32 {
    cause as u32
}
