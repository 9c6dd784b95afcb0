//! Which part of a recording is replayed.
use std::str::FromStr;
use std::time::Duration;

use jiff::Timestamp;

use crate::commands::outcome::Failure;
use crate::recording::head::Head;
use crate::recording::input::Input;

/// A moment of a recording, as somebody names it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Moment {
    /// So long after its beginning.
    After(Duration),
    /// The wall clock's.
    At(Timestamp),
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Moment, String> {
        if let Ok(at) = text.parse() {
            return Ok(Moment::At(at));
        }
        let after: Option<jiff::SignedDuration> = text.parse().ok();
        after.and_then(|after| Duration::try_from(after).ok()).map(Moment::After).ok_or_else(|| {
            format!("{text:?} is no moment; write 30s (after the beginning) or 2026-11-27T14:03:00Z")
        })
    }
}

impl Moment {
    /// CLOCK_MONOTONIC nanoseconds of the recorded machine.
    fn monotonic_ns(self, head: &Head) -> u64 {
        match self {
            Moment::After(after) => {
                head.start_ns.saturating_add(u64::try_from(after.as_nanos()).unwrap_or(u64::MAX))
            }
            Moment::At(at) => {
                let ns = at.as_nanosecond() - i128::from(head.clock_offset_ns);
                u64::try_from(ns.max(0)).unwrap_or(u64::MAX)
            }
        }
    }
}

/// From when until when, CLOCK_MONOTONIC nanoseconds.
#[derive(Debug)]
pub(super) struct Window {
    since_ns: u64,
    until_ns: u64,
}

impl Window {
    /// All of it where a bound is not given.
    ///
    /// # Errors
    /// When it ends before it begins.
    pub(super) fn new(since: Option<Moment>, until: Option<Moment>, head: &Head) -> Result<Window, Failure> {
        let since_ns = since.map_or(0, |since| since.monotonic_ns(head));
        let until_ns = until.map_or(u64::MAX, |until| until.monotonic_ns(head));
        if since_ns >= until_ns {
            return Err(Failure::Usage("--until is not after --since: nothing is left to replay".to_owned()));
        }
        Ok(Window { since_ns, until_ns })
    }

    /// The input, if it is wanted. Of what was before, the node as it was is; not its packets, nor what was said of them.
    pub(super) fn admit(&self, at_ns: u64, input: Input) -> Option<Input> {
        let early = at_ns < self.since_ns;
        let node = matches!(input, Input::Snapshot(_) | Input::LastSnapshot(_));
        (!self.is_over(at_ns) && (!early || node)).then_some(input)
    }

    /// Whether nothing more is wanted.
    pub(super) fn is_over(&self, at_ns: u64) -> bool {
        at_ns > self.until_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    fn head() -> Head {
        Head { start_ns: 5_000_000_000, clock_offset_ns: 1_000_000_000_000_000_000, ..Head::default() }
    }

    #[test_case("30s", Some(35_000_000_000))]
    #[test_case("0s", Some(5_000_000_000))]
    #[test_case("2001-09-09T01:46:50Z", Some(10_000_000_000); "a time")]
    #[test_case("1970-01-01T00:00:00Z", Some(0); "before its machine was started")]
    #[test_case("yesterday", None)]
    #[test_case("-5s", None)]
    #[test_case("", None)]
    fn moments(text: &str, ns: Option<u64>) {
        assert_eq!(text.parse::<Moment>().ok().map(|moment| moment.monotonic_ns(&head())), ns);
    }

    #[test]
    fn of_what_was_before_the_node_alone_is_wanted() {
        let moment = |text: &str| Some(text.parse().unwrap());
        let window = Window::new(moment("1s"), moment("2s"), &head()).unwrap();
        let second = 1_000_000_000;
        assert!(window.admit(5 * second, Input::Tick).is_none());
        assert!(window.admit(5 * second, Input::Snapshot(Default::default())).is_some());
        assert!(window.admit(6 * second, Input::Tick).is_some());
        assert!(window.admit(8 * second, Input::Tick).is_none() && window.is_over(8 * second));
        assert!(Window::new(moment("2s"), moment("2s"), &head()).is_err());
    }
}
