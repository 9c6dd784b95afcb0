//! Text from outside, for Markdown.
use crate::output::escape::escape;

/// As text alone: nothing in it is markup, HTML or the edge of a table's cell.
pub(in crate::report) fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 8);
    for c in escape(text).chars() {
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' | '@' => safe.extend(['\\', c]),
            c => safe.push(c),
        }
    }
    safe
}

/// A few words as code; not for a table, where a `|` would end its cell.
pub(super) fn code(text: &str) -> String {
    let safe = escape(text);
    let ticks = "`".repeat(longest_run(&safe) + 1);
    if ticks.len() == 1 { format!("`{safe}`") } else { format!("{ticks} {safe} {ticks}") }
}

/// A command as a block of its own.
pub(super) fn fenced(text: &str) -> String {
    let safe = text.lines().map(|line| escape(line).into_owned()).collect::<Vec<_>>().join("\n");
    let ticks = "`".repeat((longest_run(&safe) + 1).max(3));
    format!("{ticks}sh\n{safe}\n{ticks}\n")
}

fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_is_markup() {
        assert_eq!(plain("<b>|x|_y_"), "&lt;b&gt;\\|x\\|\\_y\\_");
        assert_eq!(plain("a\nb\u{202e}"), "a\\\\u{a}b\\\\u{202e}");
        assert_eq!((code("eth0"), code("a`b")), ("`eth0`".to_owned(), "`` a`b ``".to_owned()));
        assert_eq!(code("a | b"), "`a | b`", "in code a backslash is one");
        assert_eq!(fenced("x\n```\ny"), "````sh\nx\n```\ny\n````\n");
    }
}
