//! Names that labs running side by side do not share, whichever process made them.

use std::path::PathBuf;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

static LABS: AtomicU32 = AtomicU32::new(0);

/// What all names of this process begin with. Not its id: that of a process in another world may be the same.
pub fn own() -> &'static str {
    static OWN: LazyLock<String> = LazyLock::new(|| format!("mtut-{:08x}", fastrand::u32(..)));
    &OWN
}

/// What the names of one lab's namespaces begin with.
pub(crate) fn prefix() -> String {
    format!("{}-{}", own(), LABS.fetch_add(1, Ordering::Relaxed))
}

/// A file of that name in the folder for temporary ones, of this process alone.
pub fn temporary(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("{}-{name}", own()))
}
