//! Events become evidence, evidence becomes incidents, incidents become verdicts. Pure: no I/O, time comes as a number.
pub mod attribution;
pub mod checks;
pub mod dedup;
pub mod engine;
pub mod evidence;
pub mod explanation;
pub mod external;
pub mod flows;
pub mod incident;
mod incidents;
pub mod l2_drop;
pub mod mss;
mod recent;
pub mod rules;
pub mod sack_holes;
pub mod tunnels;
pub mod words;
