//! Nodes and events for unit tests.
pub(crate) mod identity;
pub(crate) mod node;
