//! How often the node is looked at: by what a look takes, so that looking costs a share of a CPU whatever the node. Pure.
use std::time::Duration;

/// Shortest time between two looks at /proc.
pub(super) const RESCAN: Duration = Duration::from_millis(500);
/// Longest time, on a node with so many processes that a look takes long: looking may cost 2 % of a CPU.
const SLOW_RESCAN: Duration = Duration::from_millis(1500);
const RESCAN_SHARE: u32 = 50;
/// The same while nothing says that a look would show something new: 0.1 %.
const REST_SHARE: u32 = 1000;
const LONGEST_REST: Duration = Duration::from_secs(10);
/// While a namespace is so young that nobody is known to own it yet: a runtime starts its first process some time
/// after its network, and no notification tells when.
pub(super) const EAGER_RESCAN: Duration = Duration::from_millis(100);
/// Changes come in bursts (a bridge, its ports, their addresses): one look after this for all of them.
pub(super) const SETTLE: Duration = Duration::from_millis(50);
/// A new port of a bridge has news for a quarter of a minute, and where there are hundreds a look takes long: bursts without end may
/// cost 5 % of a CPU, and wait for a second at most.
const BURST_SHARE: u32 = 20;
const LONGEST_BURST: Duration = Duration::from_secs(1);

/// Until the next look, after one that took so long.
pub(super) fn pause(took: Duration) -> Duration {
    (took * RESCAN_SHARE).clamp(RESCAN, SLOW_RESCAN)
}

/// The same where nothing says that it would show something new.
pub(super) fn rest(took: Duration) -> Duration {
    (took * REST_SHARE).clamp(SLOW_RESCAN, LONGEST_REST)
}

/// The same where a change was heard of.
pub(super) fn burst(took: Duration) -> Duration {
    (took * BURST_SHARE).clamp(SETTLE, LONGEST_BURST)
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test_case(ms(1), [500, 1500, 50]; "a small node: the shortest")]
    #[test_case(ms(5), [500, 5000, 100]; "rest grows first")]
    #[test_case(ms(20), [1000, 10_000, 400]; "all grow")]
    #[test_case(ms(900), [1500, 10_000, 1000]; "a large node: the longest")]
    fn what_takes_long_is_done_less_often(took: Duration, expected: [u64; 3]) {
        assert_eq!([pause(took), rest(took), burst(took)], expected.map(ms));
        assert!(burst(took) <= pause(took) && pause(took) <= rest(took), "news first, rest last");
    }
}
