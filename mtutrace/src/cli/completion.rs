//! `mtutrace completion`: a script for the shell, made from the command line's own definition.
use std::io::{self, Write};

use clap::{Arg, Command};
use clap_complete::Shell;

use crate::commands::outcome::{Failure, Outcome};

/// The script for the options of a command that are not hidden.
pub fn script(shell: Shell, command: Command) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut visible(command), "mtutrace", &mut script);
    script
}

/// Writes it to stdout.
pub(super) fn print(shell: Shell, command: Command) -> Result<Outcome, Failure> {
    match io::stdout().lock().write_all(&script(shell, command)) {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => Err(Failure::Output(e)),
        _ => Ok(Outcome::Nothing),
    }
}

/// The command without its hidden options: clap offers those as well.
fn visible(command: Command) -> Command {
    let seen: Vec<Arg> = command.get_arguments().filter(|arg| !arg.is_hide_set()).cloned().collect();
    let subcommands: Vec<Command> = command.get_subcommands().cloned().map(visible).collect();
    let mut shown = Command::new(command.get_name().to_owned()).args(seen).subcommands(subcommands);
    if let Some(about) = command.get_about() {
        shown = shown.about(about.clone());
    }
    match command.get_version() {
        Some(version) => shown.version(version.to_owned()),
        None => shown,
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::cli::Cli;
    use test_case::test_case;

    #[test_case(Shell::Bash)]
    #[test_case(Shell::Zsh)]
    #[test_case(Shell::Fish)]
    fn what_is_hidden_is_not_offered(shell: Shell) {
        let script = String::from_utf8(script(shell, Cli::command())).unwrap();
        assert!(script.contains("rate-limit") && script.contains("doctor"), "{script}");
        assert!(!script.contains("ring-size"), "{script}");
    }
}
