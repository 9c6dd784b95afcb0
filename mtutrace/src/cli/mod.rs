//! The command line: flags as typed, their checks, and the options of each command that they mean.
pub mod args;

pub use args::{Cli, Command};
