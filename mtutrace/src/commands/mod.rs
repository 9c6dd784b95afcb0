//! The subcommands. Each takes options of its own, not the command line's types, and says how it ended ([`outcome`]).
pub(crate) mod bench;
pub(crate) mod doctor;
mod ending;
pub(crate) mod map;
pub mod outcome;
mod player;
pub(crate) mod record;
pub(crate) mod replay;
pub(crate) mod report;
pub(crate) mod run;
pub(crate) mod schema;
mod session;
pub(crate) mod shown;
mod sight;
mod signals;
