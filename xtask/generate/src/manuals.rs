//! Man pages and shell completions, from the command line's own definition. `cargo xtask dist` calls it.

use std::fs;
use std::path::Path;

use anyhow::Result;
use clap::builder::{Resettable, StyledStr};
use clap::{Command, CommandFactory};
use clap_complete::{Generator, Shell};
use clap_mangen::Man;
use mtutrace::cli::{Cli, completion, examples};

const SHELLS: [Shell; 3] = [Shell::Bash, Shell::Zsh, Shell::Fish];

/// `man/mtutrace.1` and one page a subcommand; `completions/` as each shell wants its file named.
pub(crate) fn write(dir: &Path) -> Result<()> {
    let (man, completions) = (dir.join("man"), dir.join("completions"));
    for folder in [&man, &completions] {
        fs::create_dir_all(folder)?;
    }
    // `mtutrace help` is for the terminal: a page for each of its words would say nothing.
    let mut command = Cli::command().disable_help_subcommand(true);
    command.build();
    page(&command, &man)?;
    command.get_subcommands().filter(|part| !part.is_hide_set()).try_for_each(|part| page(part, &man))?;
    for shell in SHELLS {
        fs::write(completions.join(shell.file_name("mtutrace")), completion::script(shell, Cli::command()))?;
    }
    Ok(())
}

fn page(command: &Command, folder: &Path) -> Result<()> {
    let examples = examples::of(command.get_name());
    // What it ends with is the examples, which have a section of their own here.
    let man = Man::new(command.clone().after_long_help(Resettable::<StyledStr>::Reset));
    let mut text = Vec::new();
    man.render(&mut text)?;
    if !examples.is_empty() {
        text.extend_from_slice(b".SH EXAMPLES\n");
    }
    for (line, what) in examples {
        text.extend(format!(".TP\n\\fB{}\\fR\n{}\n", plain(line), plain(what)).into_bytes());
    }
    Ok(fs::write(folder.join(man.get_filename()), text)?)
}

/// For roff(7): nothing in it is a command.
fn plain(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-").replace('\'', "\\(aq");
    if text.starts_with('.') { format!("\\&{text}") } else { text }
}
