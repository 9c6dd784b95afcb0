//! Drawings. Colours come from the page around them, so that they fit a light and a dark one; nothing is told by colour alone.
pub(super) mod chain;
pub(super) mod sizes;
pub(super) mod timeline;

/// A coordinate with one digit behind the point, and none where it is 0.
fn at(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

/// The next of 1, 2, 5, 10, 20, … that is not smaller: where an axis ends.
fn round_up(value: u64) -> u64 {
    let mut unit = 1u64;
    loop {
        for step in [1, 2, 5] {
            if unit.saturating_mul(step) >= value {
                return unit.saturating_mul(step);
            }
        }
        unit = unit.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_end_at_round_numbers() {
        assert_eq!([0, 1, 3, 7, 11, 5000, 5001].map(round_up), [1, 1, 5, 10, 20, 5000, 10_000]);
        assert!(round_up(u64::MAX) == u64::MAX);
        assert_eq!((at(1.0), at(1.26)), ("1".to_owned(), "1.3".to_owned()));
    }
}
