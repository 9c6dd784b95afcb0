//! Which events, counters and verdicts somebody asked for.
pub(crate) mod expression;
pub(crate) mod matched;
mod nearest;
pub(crate) mod select;
pub(crate) mod spec;
mod standing;
pub(crate) mod unmatched;

pub(crate) use spec::{Filter, PodName};
pub(crate) use standing::standing;
