//! Text from outside must not act on a terminal.
use std::borrow::Cow;
use std::fmt::Write as _;

/// Replaces control characters, and those that change the direction of text or hide, by their code.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(dangerous) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if dangerous(c) {
            // Writing to a String cannot fail.
            let _ = write!(safe, "\\u{{{:x}}}", u32::from(c));
        } else {
            safe.push(c);
        }
    }
    Cow::Owned(safe)
}

fn dangerous(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{61c}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case("eth0@if112", "eth0@if112"; "plain")]
    #[test_case("a\x1b[2Jb", "a\\u{1b}[2Jb"; "ansi")]
    #[test_case("a\r\nb\u{9b}c", "a\\u{d}\\u{a}b\\u{9b}c"; "control")]
    #[test_case("\u{202e}x", "\\u{202e}x"; "right to left")]
    #[test_case("héllo 世界", "héllo 世界"; "letters of the world")]
    fn nothing_acts(text: &str, safe: &str) {
        assert_eq!(escape(text), safe);
    }
}
