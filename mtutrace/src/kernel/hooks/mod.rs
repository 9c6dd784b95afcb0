//! Which hooks there are, and how they turned out.
mod hook;
mod registry;
mod status;
#[cfg(test)]
mod tests;

pub use hook::Hook;
pub use registry::HOOKS;
pub use status::{Outcome, State, Status, table, works};
