//! Counts and lists in sentences.

/// `1 mismatch`, `2 mismatches`.
pub(crate) fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// `a, b and 7 more`: the first `shown` of them, `more` beyond all that are there.
pub(crate) fn listed(all: &[String], shown: usize, more: usize) -> String {
    let some = all.iter().take(shown).map(String::as_str).collect::<Vec<_>>().join(", ");
    match all.len().saturating_sub(shown) + more {
        0 => some,
        n => format!("{some} and {n} more"),
    }
}
