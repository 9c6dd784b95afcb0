//! Which hooks there are, and how they turned out.
mod hook;
mod registry;
mod status;
#[cfg(test)]
mod tests;

pub(crate) use hook::Hook;
pub(crate) use registry::HOOKS;
pub(crate) use status::{Outcome, State, Status, blind, table, works};
