//! The kernel's monotonic clock and the wall clock, at the edge; the middle gets times as numbers.
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
        let offset_ns = read(ClockId::Realtime) - read(ClockId::Monotonic);
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

/// CLOCK_MONOTONIC now, in nanoseconds. Async-signal-safe (signal-safety(7)): handlers of signals call it.
pub(crate) fn monotonic_ns() -> u64 {
    u64::try_from(read(ClockId::Monotonic)).unwrap_or(0)
}

fn read(clock: ClockId) -> i128 {
    let time = clock_gettime(clock);
    i128::from(time.tv_sec) * 1_000_000_000 + i128::from(time.tv_nsec)
}
