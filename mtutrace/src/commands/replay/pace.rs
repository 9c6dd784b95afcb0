//! How fast a recording is replayed.
use std::str::FromStr;
use std::time::Duration;

use tokio::time::Instant;

/// How fast.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Speed {
    /// So many seconds of the recording in one.
    Times(f64),
    /// As fast as can be.
    Unbounded,
}

impl Speed {
    /// As it was.
    pub(crate) const AS_IT_WAS: Speed = Speed::Times(1.0);
    /// Nobody wants to wait longer, or can see less.
    const SLOWEST: f64 = 0.01;
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Speed, String> {
        if text == "max" {
            return Ok(Speed::Unbounded);
        }
        let times = text.strip_suffix('x').unwrap_or(text).parse::<f64>().ok();
        let right = times.filter(|times| times.is_finite() && *times >= Speed::SLOWEST);
        right.map(Speed::Times).ok_or_else(|| {
            format!(
                "{text:?} is not a speed; write 1, 10, 0.5 (times as fast as it was; 0.01 or more) or max"
            )
        })
    }
}

/// When what is due.
#[derive(Debug)]
pub(super) struct Pace {
    speed: Speed,
    begun: Option<(u64, Instant)>,
}

impl Pace {
    /// From the first moment that it is asked about.
    pub(super) fn new(speed: Speed) -> Pace {
        Pace { speed, begun: None }
    }

    /// When what came at `at_ns` is due; at once where that is in the past.
    pub(super) fn due(&mut self, at_ns: u64) -> Instant {
        let now = Instant::now();
        let Speed::Times(times) = self.speed else { return now };
        let (first_ns, begun) = *self.begun.get_or_insert((at_ns, now));
        let after = at_ns.saturating_sub(first_ns) as f64 / 1e9 / times;
        // A recording may name any time.
        let after = Duration::try_from_secs_f64(after).unwrap_or(Duration::MAX);
        begun.checked_add(after).unwrap_or(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case("1", Some(Speed::Times(1.0)))]
    #[test_case("0.5x", Some(Speed::Times(0.5)))]
    #[test_case("max", Some(Speed::Unbounded))]
    #[test_case("0", None)]
    #[test_case("-1", None)]
    #[test_case("nan", None)]
    #[test_case("inf", None)]
    #[test_case("", None)]
    fn speeds(text: &str, speed: Option<Speed>) {
        assert_eq!(text.parse().ok(), speed);
    }

    #[test]
    fn what_comes_is_due_in_proportion_and_any_time_is_taken() {
        let mut pace = Pace::new(Speed::Times(2.0));
        let first = pace.due(1_000_000_000);
        assert_eq!(pace.due(5_000_000_000) - first, Duration::from_secs(2));
        assert!(pace.due(0) <= first, "an earlier one at once");
        pace.due(u64::MAX);
        let mut slow = Pace::new(Speed::Times(0.01));
        slow.due(0);
        slow.due(u64::MAX);
    }
}
