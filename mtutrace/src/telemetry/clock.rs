//! The kernel's monotonic clock and the wall clock, at the edge; the middle gets times as numbers.
use std::sync::Once;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use rustix::time::{ClockId, clock_gettime};

/// Translates CLOCK_MONOTONIC, in which events come, to wall-clock time; and says what time it is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    offset_ns: i64,
    /// The time at which it stands still; without, it is now.
    set_ns: Option<u64>,
    replayed: bool,
}

impl Clock {
    /// Measures the offset between the two clocks now. A clock that is set later does not move reported times.
    pub(crate) fn new() -> Clock {
        measure();
        let offset_ns = read(ClockId::Realtime) - i128::from(monotonic_ns());
        Clock { offset_ns: i64::try_from(offset_ns).unwrap_or(0), set_ns: None, replayed: false }
    }

    /// The clock of a recording, by [`Clock::offset_ns`]: it stands until it is [set](Clock::set).
    pub(crate) fn replayed(offset_ns: i64, at_ns: u64) -> Clock {
        Clock { offset_ns, set_ns: Some(at_ns), replayed: true }
    }

    /// Whether it is that of a recording.
    pub(crate) fn is_replayed(&self) -> bool {
        self.replayed
    }

    /// What the wall clock is ahead of the monotonic one, nanoseconds.
    pub(crate) fn offset_ns(&self) -> i64 {
        self.offset_ns
    }

    /// From now on it is this time, nanoseconds of CLOCK_MONOTONIC.
    pub(crate) fn set(&mut self, at_ns: u64) {
        self.set_ns = Some(at_ns);
    }

    /// What it was set to; else CLOCK_MONOTONIC now, in nanoseconds: the same clock as `bpf_ktime_get_ns`.
    pub(crate) fn now_ns(&self) -> u64 {
        self.set_ns.unwrap_or_else(monotonic_ns)
    }

    /// Wall-clock time of a monotonic one; the epoch if it is out of all range.
    pub(crate) fn wall(&self, monotonic_ns: u64) -> Timestamp {
        let wall_ns = i128::from(self.offset_ns) + i128::from(monotonic_ns);
        Timestamp::from_nanosecond(wall_ns).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    /// The local time of day with its zone, `14:03:12 CET`, for people who compare it with their own logs.
    pub(crate) fn local(&self, monotonic_ns: u64) -> String {
        self.wall(monotonic_ns).to_zoned(TimeZone::system()).strftime("%H:%M:%S %Z").to_string()
    }

    /// RFC 3339 with nanoseconds, UTC.
    pub(crate) fn rfc3339(&self, monotonic_ns: u64) -> String {
        format!("{:.9}", self.wall(monotonic_ns))
    }
}

impl Default for Clock {
    fn default() -> Clock {
        Clock::new()
    }
}

/// What this process's CLOCK_MONOTONIC is ahead of the machine's, by which the kernel's events come, nanoseconds.
static AHEAD_NS: AtomicI64 = AtomicI64::new(0);

/// Finds out whether this process lives in a time namespace of its own. [`Clock::new`] does, too.
pub(crate) fn measure() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let text = std::fs::read_to_string("/proc/self/timens_offsets").unwrap_or_default();
        AHEAD_NS.store(ahead(&text).unwrap_or(0), Ordering::Relaxed);
    });
}

/// A line `monotonic SECONDS NANOSECONDS` (time_namespaces(7)).
fn ahead(text: &str) -> Option<i64> {
    let mut numbers = text.lines().find_map(|line| line.strip_prefix("monotonic"))?.split_ascii_whitespace();
    let mut next = || numbers.next()?.parse::<i64>().ok();
    next()?.checked_mul(1_000_000_000)?.checked_add(next()?)
}

/// The machine's CLOCK_MONOTONIC now, in nanoseconds. Async-signal-safe (signal-safety(7)): handlers of signals call it.
pub(crate) fn monotonic_ns() -> u64 {
    u64::try_from(read(ClockId::Monotonic) - i128::from(AHEAD_NS.load(Ordering::Relaxed))).unwrap_or(0)
}

fn read(clock: ClockId) -> i128 {
    let time = clock_gettime(clock);
    i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec)
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    #[test_case("monotonic           0         0\nboottime            0         0\n", Some(0); "of the machine")]
    #[test_case("monotonic      100000  5\nboottime            0         0\n", Some(100_000_000_000_005); "ahead")]
    #[test_case("monotonic       -1000  0\n", Some(-1_000_000_000_000); "behind")]
    #[test_case("monotonic  9223372036854775807 0\n", None; "too far")]
    #[test_case("monotonic 1\n", None; "cut")]
    #[test_case("", None; "a kernel before 5.6")]
    fn time_namespaces(text: &str, expected: Option<i64>) {
        assert_eq!(ahead(text), expected);
    }
}
