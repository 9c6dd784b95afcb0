//! Events become evidence, evidence becomes incidents, incidents become verdicts. Pure: no I/O, time comes as a number.
pub(crate) mod attribution;
pub(crate) mod checks;
pub(crate) mod dedup;
pub(crate) mod engine;
pub(crate) mod evidence;
pub(crate) mod explanation;
pub(crate) mod external;
pub(crate) mod flows;
pub(crate) mod incident;
mod incidents;
pub(crate) mod l2_drop;
pub(crate) mod mss;
mod recent;
pub(crate) mod rules;
pub(crate) mod sack_holes;
pub(crate) mod tunnels;
pub(crate) mod words;
