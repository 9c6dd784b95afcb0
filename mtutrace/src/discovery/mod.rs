//! Keeps the model of the node current: the first scan, and the reconciler that follows changes.
pub(crate) mod classifiers;
pub(crate) mod members;
mod mounts;
pub(crate) mod nat;
pub(crate) mod process;
pub(crate) mod reconciler;
pub(crate) mod scan;
pub(crate) mod scanner;
pub(crate) mod snapshot;
pub(crate) mod visibility;
pub(crate) mod watchers;
