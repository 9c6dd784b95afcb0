//! The output formats that can be asked for.
use std::io::{self, IsTerminal};

use clap::ValueEnum;

use super::Output;
use super::colour::wants_colour;
use super::escape::escape;
use super::json::Json;
use super::limit::Rate;
use super::only::Only;
use super::queued::Queued;
use super::text::{Look, Text};
use super::tui::Tui;
use crate::filter::Filter;

/// Output formats of the commands that end by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Text for people.
    Text,
    /// JSON Lines: one object per line.
    Json,
}

/// Output formats of `run`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RunFormat {
    /// A live screen; the final report as text.
    Tui,
    /// Text for people.
    Text,
    /// JSON Lines: one object per line.
    Json,
}

/// What is written.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written<'a> {
    /// These kinds.
    pub(crate) only: &'a Only,
    /// JSON lines at this rate at most.
    pub(crate) rate: Option<Rate>,
    /// In text every remedy of a verdict.
    pub(crate) all_fixes: bool,
    /// The machine that it is about, if that is another one.
    pub(crate) host: Option<&'a str>,
}

impl RunFormat {
    /// The output, on stdout; a screen shows what `filter` lets through, whatever is to be written.
    ///
    /// # Errors
    /// When there is no thread to write it.
    pub(crate) fn open(self, filter: &Filter, written: Written<'_>) -> io::Result<Box<dyn Output>> {
        let Written { only, rate, all_fixes, host } = written;
        let mut look = Look { all_fixes, only: only.clone(), ..Look::here(wants_colour()) };
        if let Some(host) = host {
            look.host = escape(host).into_owned();
        }
        Ok(match self {
            RunFormat::Tui => Box::new(Tui::new(filter.clone(), look)?),
            RunFormat::Text => Box::new(Queued::new(|out| Text::new(out, look))?),
            RunFormat::Json => Box::new(Queued::new(|out| Json::new(out, only.clone()))?.limited(rate)),
        })
    }
}

/// A screen was asked for, and there is no terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("-o tui needs a terminal on stdin and stdout; use -o text or -o json")]
pub(crate) struct NoTerminal;

/// What stands at the two ends of this process.
#[derive(Clone, Copy, Debug)]
struct Ends {
    stdout: bool,
    stdin: bool,
    /// `TERM=dumb`, or none.
    dumb: bool,
}

/// The output that was asked for or, if none was, the screen where there is one.
///
/// # Errors
/// When a screen was asked for and there is no terminal.
pub(crate) fn choose(asked: Option<RunFormat>) -> Result<RunFormat, NoTerminal> {
    let dumb = std::env::var_os("TERM").is_none_or(|term| term.is_empty() || term == "dumb");
    choice(asked, Ends { stdout: io::stdout().is_terminal(), stdin: io::stdin().is_terminal(), dumb })
}

fn choice(asked: Option<RunFormat>, ends: Ends) -> Result<RunFormat, NoTerminal> {
    let terminal = ends.stdout && ends.stdin;
    match asked {
        Some(RunFormat::Tui) if !terminal => Err(NoTerminal),
        Some(RunFormat::Tui) | None if terminal && !ends.dumb => Ok(RunFormat::Tui),
        Some(RunFormat::Tui) | None => Ok(RunFormat::Text),
        Some(other) => Ok(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case(None, true, true, false, Some(RunFormat::Tui); "a terminal")]
    #[test_case(None, false, true, false, Some(RunFormat::Text); "a pipe")]
    #[test_case(None, true, false, false, Some(RunFormat::Text); "no keys")]
    #[test_case(None, true, true, true, Some(RunFormat::Text); "a dumb terminal")]
    #[test_case(Some(RunFormat::Tui), true, true, true, Some(RunFormat::Text); "a dumb terminal, though asked")]
    #[test_case(Some(RunFormat::Tui), false, true, false, None; "a pipe, though asked")]
    #[test_case(Some(RunFormat::Json), true, true, false, Some(RunFormat::Json); "asked for JSON")]
    fn which_output(
        asked: Option<RunFormat>,
        stdout: bool,
        stdin: bool,
        dumb: bool,
        chosen: Option<RunFormat>,
    ) {
        assert_eq!(choice(asked, Ends { stdout, stdin, dumb }).ok(), chosen);
    }
}
