//! Which events, counters and verdicts somebody asked for.
pub mod expression;
pub mod matched;
pub mod select;
pub mod spec;

pub use spec::{Filter, PodName};
