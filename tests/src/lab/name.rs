//! Names that labs running side by side do not share.

use std::sync::atomic::{AtomicU32, Ordering};

static LABS: AtomicU32 = AtomicU32::new(0);

/// What the names of one lab's namespaces begin with.
pub(crate) fn prefix() -> String {
    format!("mtut-{}-{}", std::process::id(), LABS.fetch_add(1, Ordering::Relaxed))
}
