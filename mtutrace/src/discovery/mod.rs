//! Keeps the model of the node current: the first scan, and the reconciler that follows changes.
pub mod members;
pub mod process;
pub mod progress;
pub mod reconciler;
pub mod scan;
pub mod scanner;
pub mod watchers;
