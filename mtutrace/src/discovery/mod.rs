//! Keeps the model of the node current: the first scan, and the reconciler that follows changes.
pub(crate) mod classifiers;
mod measured;
pub(crate) mod members;
mod mount_namespaces;
mod mounts;
pub(crate) mod nat;
pub(crate) mod process;
mod processes;
pub(crate) mod reconciler;
pub(crate) mod scan;
pub(crate) mod scanner;
pub(crate) mod snapshot;
mod stir;
pub(crate) mod visibility;
pub(crate) mod watchers;

/// Takes a text for each file of /proc that is read here in turn (tests/fuzz).
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn read_any(text: &[u8]) {
    process::read_any(text);
    text.split(|byte| *byte == b'\n').for_each(mounts::read_any);
}
