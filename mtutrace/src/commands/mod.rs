//! The subcommands. Each takes options of its own, not the command line's types, and says how it ended ([`outcome`]).
pub mod bench;
pub mod doctor;
pub mod map;
pub mod outcome;
pub mod run;
pub mod schema;
