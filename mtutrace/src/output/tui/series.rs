//! A counter over the last intervals.
use std::collections::VecDeque;

/// Intervals that are remembered.
pub(super) const INTERVALS: usize = 60;

/// A total, its rate in the last interval, and how much came in each of the last ones.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Series {
    /// All there was.
    pub(super) total: u64,
    /// A second, in the last interval.
    pub(super) rate: f64,
    history: VecDeque<u64>,
}

impl Series {
    /// An interval of so many seconds ended with this total.
    pub(super) fn push(&mut self, total: u64, seconds: f64) {
        let more = total.saturating_sub(self.total);
        self.total = total;
        self.rate = if seconds > 0.0 { more as f64 / seconds } else { 0.0 };
        if self.history.len() >= INTERVALS {
            self.history.pop_front();
        }
        self.history.push_back(more);
    }

    /// The last `width` intervals as bars, the newest at the right.
    pub(super) fn bars(&self, width: usize) -> String {
        const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
        let most = self.history.iter().copied().max().unwrap_or(0).max(1);
        let bar = |n: &u64| match n {
            0 => ' ',
            n => BARS[usize::try_from((n * 8).div_ceil(most)).unwrap_or(8).clamp(1, 8) - 1],
        };
        let drawn = self.history.len().min(width);
        let blank = std::iter::repeat_n(' ', width - drawn);
        blank.chain(self.history.iter().skip(self.history.len() - drawn).map(bar)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_become_rates_and_bars() {
        let mut series = Series::default();
        for total in [0, 4, 4, 12] {
            series.push(total, 2.0);
        }
        assert_eq!((series.total, series.rate), (12, 4.0));
        assert_eq!(series.bars(6), "   ▄ █");
        assert_eq!(series.bars(2), " █");
        assert_eq!(series.bars(0), "");
    }

    #[test]
    fn only_the_last_intervals_are_kept_and_huge_counts_do_no_harm() {
        let mut series = Series::default();
        series.push(u64::MAX / 16, 1.0);
        (1..=INTERVALS as u64).for_each(|n| series.push(u64::MAX / 16 + n, 0.0));
        assert_eq!(series.bars(100).trim_start(), "█".repeat(INTERVALS));
        assert_eq!(series.rate, 0.0);
    }
}
