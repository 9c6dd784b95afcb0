//! Flags of every command.
use clap::Args;

use crate::output::colour::When;

/// Flags of every command.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct GlobalArgs {
    /// Colours: on a terminal (NO_COLOR and CLICOLOR_FORCE count), always, or never.
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = When::Auto, env = "MTUTRACE_COLOR", hide_env = true)]
    pub(super) color: When,
    /// Say nothing on stderr but errors.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(super) quiet: bool,
    /// Show debug messages of mtutrace and its BPF programs; -vv: also of its libraries.
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
}
