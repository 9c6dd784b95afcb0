//! Keeps the model of the node current: the first scan, and the reconciler that follows changes.
pub(crate) mod classifiers;
pub mod members;
pub mod process;
pub mod progress;
pub mod reconciler;
pub mod scan;
pub mod scanner;
pub mod watchers;
