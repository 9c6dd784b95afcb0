//! Words, and where they stand.
use std::ops::Range;

/// A word of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word<'a> {
    pub(super) text: &'a str,
    pub(super) span: Range<usize>,
}

/// Splits at blanks and at `( ) ! && ||`, which are words of their own.
pub(super) fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    let mut rest = 0;
    while let Some(part) = text.get(rest..).filter(|part| !part.is_empty()) {
        let length = length(part);
        let word = part.get(..length).unwrap_or(part);
        if !word.trim().is_empty() {
            words.push(Word { text: word, span: rest..rest + word.len() });
        }
        rest += word.len().max(1);
    }
    words
}

/// Bytes of the first word or blank.
fn length(part: &str) -> usize {
    if part.starts_with("&&") || part.starts_with("||") {
        return 2;
    }
    let ends = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '!');
    let end = part.find(ends).unwrap_or(part.len());
    // Within the word alone: a long text must not be searched for each of its words.
    let word = part.get(..end).unwrap_or(part);
    let operator = ["&&", "||"].iter().filter_map(|operator| word.find(operator)).min();
    match operator.unwrap_or(end) {
        0 => part.chars().next().map_or(1, char::len_utf8),
        end => end,
    }
}
