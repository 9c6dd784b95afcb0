//! Numbers as tables show them.

use mtutrace_tests::bench::spread::Spread;

/// What is unknown.
pub(super) const UNKNOWN: &str = "–";

/// Three significant digits: `1.23`, `45.6`, `789`, `12300`.
pub(super) fn short(number: f64) -> String {
    let size = number.abs();
    if size >= 99.95 {
        format!("{number:.0}")
    } else if size >= 9.995 {
        format!("{number:.1}")
    } else {
        format!("{number:.2}")
    }
}

/// The median in that unit, and how far the others lie from it: `412 (398–420)`.
pub(super) fn spread(spread: Option<&Spread>, unit: f64) -> String {
    let Some(spread) = spread else { return UNKNOWN.to_owned() };
    let [median, min, max] = [spread.median, spread.min, spread.max].map(|number| short(number / unit));
    if spread.count == 1 { median } else { format!("{median} ({min}–{max})") }
}

/// A number that may be unknown.
pub(super) fn maybe(number: Option<f64>) -> String {
    number.map_or_else(|| UNKNOWN.to_owned(), short)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_are_enough() {
        let numbers = [0.0, 0.456, 9.994, 9.996, 99.94, 99.96, 12_345.6, -1.0].map(short);
        assert_eq!(numbers, ["0.00", "0.46", "9.99", "10.0", "99.9", "100", "12346", "-1.00"]);
        assert_eq!(maybe(None), UNKNOWN);
    }

    #[test]
    fn one_measurement_has_no_range() {
        let one = Spread::of([4.2e5]);
        assert_eq!(spread(one.as_ref(), 1e3), "420");
        assert_eq!(spread(Spread::of([1.0, 2.0, 4.0]).as_ref(), 1.0), "2.00 (1.00–4.00)");
        assert_eq!(spread(None, 1.0), UNKNOWN);
    }
}
