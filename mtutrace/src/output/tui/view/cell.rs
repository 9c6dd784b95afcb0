//! Text for cells of a terminal: harmless, and of a known width.
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::output::escape::escape;

/// Longest text that is shown, characters.
const LONGEST: usize = 4096;
/// Most marks (accents) on a letter; each takes no room, and nobody can see what a thousand of them say.
const MARKS: usize = 2;

/// Text from outside: nothing acts on the terminal, and what takes no room is not there.
pub(super) fn clean(text: &str) -> String {
    let start: String = text.chars().take(LONGEST).collect();
    let mut marks = 0;
    let takes_room = |c: &char| {
        marks = if c.width().unwrap_or(0) > 0 { 0 } else { marks + 1 };
        // Variation selectors and tags change how wide a terminal draws what stands before them.
        marks <= MARKS && !matches!(c, '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}')
    };
    let mut clean: String = escape(&start).chars().filter(takes_room).collect();
    if start.len() < text.len() {
        clean.push('…');
    }
    clean
}

/// Columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// Cuts a text to a width, which is then marked.
pub(super) fn fit(text: &str, room: usize) -> String {
    let text = clean(text);
    if width(&text) <= room {
        return text;
    }
    let mut taken = 0;
    let mut cut: String = text
        .chars()
        .take_while(|c| {
            taken += c.width().unwrap_or(0);
            taken < room
        })
        .collect();
    if room > 0 {
        cut.push('…');
    }
    cut
}

/// A text of exactly this width.
pub(super) fn pad(text: &str, room: usize) -> String {
    let mut text = fit(text, room);
    let missing = room.saturating_sub(width(&text));
    text.extend(std::iter::repeat_n(' ', missing));
    text
}

/// The same, with the text at the right.
pub(super) fn right(text: &str, room: usize) -> String {
    let text = fit(text, room);
    format!("{}{text}", " ".repeat(room.saturating_sub(width(&text))))
}

/// Breaks a text into lines of at most this width, between words where that can be.
pub(super) fn wrap(text: &str, room: usize) -> Vec<String> {
    let room = room.max(4);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in clean(text).split(' ') {
        if !line.is_empty() && width(&line) + 1 + width(word) > room {
            lines.push(std::mem::take(&mut line));
        } else if !line.is_empty() {
            line.push(' ');
        }
        for c in word.chars() {
            if width(&line) + c.width().unwrap_or(0) > room {
                lines.push(std::mem::take(&mut line));
            }
            line.push(c);
        }
    }
    lines.push(line);
    lines
}

/// A count in five columns.
pub(super) fn count(n: u64) -> String {
    match n {
        0..=99_999 => n.to_string(),
        100_000..=9_999_999 => format!("{}k", n / 1_000),
        10_000_000..=9_999_999_999 => format!("{}M", n / 1_000_000),
        _ => format!("{}G", (n / 1_000_000_000).min(9_999)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case("docker0", 10, "docker0   "; "short")]
    #[test_case("docker0", 4, "doc…"; "long")]
    #[test_case("世界世界", 5, "世界…"; "wide")]
    #[test_case("世界世界", 4, "世… "; "half of a wide one is none")]
    #[test_case("a\x1b[2J", 20, "a\\u{1b}[2J          "; "escape codes")]
    #[test_case("e\u{301}\u{301}\u{301}\u{301}!\u{fe0f}", 4, "e\u{301}\u{301}!  "; "marks")]
    #[test_case("anything", 0, ""; "no room")]
    fn padded(text: &str, room: usize, expected: &str) {
        assert_eq!(pad(text, room), expected);
        assert_eq!(width(&pad(text, room)), room);
    }

    #[test]
    fn lines_break_between_words_or_within_one_that_is_too_long() {
        assert_eq!(wrap("set it to 1450", 7), ["set it", "to 1450"]);
        assert_eq!(wrap("abcdefgh i", 4), ["abcd", "efgh", "i"]);
        assert_eq!(wrap("", 9), [""]);
        assert!(wrap(&"世".repeat(100), 1).iter().all(|line| width(line) <= 4));
    }

    #[test]
    fn ten_kilobytes_are_cut() {
        let long = clean(&"\u{301}".repeat(10_000));
        assert!(long.chars().count() <= MARKS + 1, "{}", long.len());
        assert_eq!(clean(&"x".repeat(10_000)).chars().count(), LONGEST + 1);
    }
}
