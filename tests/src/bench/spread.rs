//! Medians of noisy numbers, and how far they lie apart.

use serde::{Deserialize, Serialize};

/// What several measurements of one thing came to.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    /// The middle one; the mean of the two in the middle.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
    /// How many there are.
    pub count: usize,
}

impl Spread {
    /// Of the numbers that are finite; nothing if there are none.
    pub fn of(numbers: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted = numbers.into_iter().filter(|number| number.is_finite()).collect::<Vec<_>>();
        sorted.sort_by(f64::total_cmp);
        let (count, middle) = (sorted.len(), sorted.len() / 2);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let median =
            if count % 2 == 1 { sorted[middle] } else { f64::midpoint(sorted[middle - 1], sorted[middle]) };
        Some(Self { median, min, max, count })
    }

    /// Of `after` over the `before` that was measured beside it; pairs without either are left out.
    pub fn of_ratios(pairs: impl IntoIterator<Item = (f64, f64)>) -> Option<Self> {
        Self::of(pairs.into_iter().filter(|(before, _)| *before > 0.0).map(|(before, after)| after / before))
    }

    /// How far minimum and maximum lie apart, in percent of the median.
    pub fn percent(&self) -> f64 {
        if self.median == 0.0 { 0.0 } else { (self.max - self.min) / self.median.abs() * 100.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_no_mean() {
        let odd = Spread::of([100.0, 1.0, 2.0]).unwrap();
        assert_eq!((odd.median, odd.min, odd.max, odd.count), (2.0, 1.0, 100.0, 3));
        assert_eq!(Spread::of([4.0, 1.0, 2.0, 100.0]).unwrap().median, 3.0);
        assert_eq!(Spread::of([]), None);
        assert_eq!(Spread::of([f64::NAN, f64::INFINITY]), None);
    }

    #[test]
    fn ratios_are_those_of_neighbours() {
        // The machine slows down by half; what is measured costs a tenth throughout.
        let pairs = [(100.0, 90.0), (80.0, 72.0), (50.0, 45.0), (0.0, 5.0)];
        let ratios = Spread::of_ratios(pairs).unwrap();
        assert_eq!((ratios.median, ratios.count), (0.9, 3));
        assert!(ratios.percent() < 1e-9);
        assert_eq!(Spread::of([0.0, 0.0]).unwrap().percent(), 0.0);
        assert_eq!(Spread::of([1.0, 2.0, 3.0]).unwrap().percent(), 100.0);
    }
}
