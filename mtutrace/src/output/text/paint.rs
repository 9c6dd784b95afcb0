//! Colours.
use crate::model::Severity;

/// Text in a colour (SGR parameters), if colours are wanted.
pub(crate) fn paint(colour: bool, code: &str, text: &str) -> String {
    if colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

/// The word of a severity, in its colour.
pub(crate) fn severity(colour: bool, severity: Severity) -> String {
    let code = match severity {
        Severity::Critical => "1;31",
        Severity::Warning => "1;33",
        Severity::Info => "36",
    };
    paint(colour, code, severity.word())
}
