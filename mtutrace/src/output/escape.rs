//! Text from outside must not act on a terminal, nor on whoever reads it.
use std::borrow::Cow;
use std::fmt::Write as _;

use crate::model::harmless::is_dangerous;

/// Replaces control characters, and those that change the direction of text or hide, by their code.
pub fn escape(text: &str) -> Cow<'_, str> {
    escape_but(text, |_| false)
}

/// The same, but for those that `keep` accepts.
pub(super) fn escape_but(text: &str, keep: impl Fn(char) -> bool) -> Cow<'_, str> {
    let acts = |c: char| is_dangerous(c) && !keep(c);
    if !text.contains(acts) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if acts(c) {
            // Writing to a String cannot fail.
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case("eth0@if112", "eth0@if112"; "plain")]
    #[test_case("a\x1b[2Jb", "a\\u{1b}[2Jb"; "ansi")]
    #[test_case("a\r\nb\u{9b}c", "a\\u{d}\\u{a}b\\u{9b}c"; "control")]
    #[test_case("\u{202e}x", "\\u{202e}x"; "right to left")]
    #[test_case("a\u{2066}b\u{2069}\u{200f}\u{2028}", "a\\u{2066}b\\u{2069}\\u{200f}\\u{2028}"; "isolates and lines")]
    #[test_case("e\u{e0041}\u{ad}", "e\\u{e0041}\\u{ad}"; "what is not seen")]
    #[test_case("héllo 世界", "héllo 世界"; "letters of the world")]
    fn nothing_acts(text: &str, safe: &str) {
        assert_eq!(escape(text), safe);
    }
}
