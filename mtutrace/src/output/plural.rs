//! Counts in sentences.

/// `1 mismatch`, `2 mismatches`.
pub(crate) fn plural(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}
