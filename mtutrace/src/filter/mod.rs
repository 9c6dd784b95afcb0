//! Which events, counters and verdicts somebody asked for.
pub(crate) mod expression;
pub(crate) mod matched;
pub(crate) mod select;
pub(crate) mod spec;

pub(crate) use spec::{Filter, PodName};
