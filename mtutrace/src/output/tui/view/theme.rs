//! Styles: the 16 colours of the terminal's own palette, so that light and dark backgrounds both do; every colour
//! stands beside a word.
use ratatui::style::{Color, Modifier, Style};

use crate::model::{Ended, Severity, Verdict};

/// Colours or none (no-color.org).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Theme {
    /// Whether colours are wanted.
    pub(crate) colour: bool,
}

impl Theme {
    fn fg(self, colour: Color) -> Style {
        if self.colour { Style::new().fg(colour) } else { Style::new() }
    }

    /// Of a severity.
    pub(super) fn severity(self, severity: Severity) -> Style {
        match severity {
            Severity::Critical => self.wrong(),
            Severity::Warning => self.fg(Color::Yellow).add_modifier(Modifier::BOLD),
            Severity::Info => self.fg(Color::Cyan),
        }
    }

    /// Of what is wrong.
    pub(super) fn wrong(self) -> Style {
        self.fg(Color::Red).add_modifier(Modifier::BOLD)
    }

    /// Of what is well, and of what makes it so.
    pub(super) fn good(self) -> Style {
        self.fg(Color::Green).add_modifier(Modifier::BOLD)
    }

    /// Of headings and limits.
    pub(super) fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Of the row that the keys act on.
    pub(super) fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }

    /// Sign, word and style of a verdict.
    pub(super) fn of(self, v: &Verdict) -> (&'static str, &'static str, Style) {
        match v.ended {
            Some(Ended::Fixed) => ("ok", "SOLVED", self.good()),
            Some(Ended::Gone) => ("--", "GONE", self.severity(Severity::Warning)),
            Some(Ended::Quiet) => ("ok", "QUIET", self.good()),
            Some(Ended::Replaced) => ("--", "REPLACED", self.severity(Severity::Info)),
            None => (sign(Some(v.severity)), v.severity.word(), self.severity(v.severity)),
        }
    }
}

/// The sign of a severity alone.
pub(super) fn sign(severity: Option<Severity>) -> &'static str {
    match severity {
        Some(Severity::Critical) => "!!",
        Some(Severity::Warning) => "! ",
        Some(Severity::Info) => "i ",
        None => "  ",
    }
}
