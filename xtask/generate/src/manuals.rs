//! Man pages and shell completions, from the command line's own definition. `cargo xtask dist` calls it.

use std::fs;
use std::path::Path;

use anyhow::Result;
use clap::CommandFactory;
use clap_complete::Shell;
use mtutrace::cli::Cli;

const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

/// `man/mtutrace.1` and one page a subcommand; `completions/` as each shell wants its file named.
pub(crate) fn write(dir: &Path) -> Result<()> {
    let (man, completions) = (dir.join("man"), dir.join("completions"));
    for folder in [&man, &completions] {
        fs::create_dir_all(folder)?;
    }
    // `mtutrace help` is for the terminal: a page for each of its words would say nothing.
    let command = Cli::command().disable_help_subcommand(true);
    clap_mangen::generate_to(command, &man)?;
    for shell in SHELLS {
        clap_complete::generate_to(shell, &mut Cli::command(), "mtutrace", &completions)?;
    }
    Ok(())
}
