//! When the engine is told that time goes on: often while something happens, seldom while nothing does.
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// How often verdicts are judged anew.
pub(in crate::commands::run) const TICK: Duration = Duration::from_millis(100);
/// The same while nothing has come for so long; what the engine still waits for then takes seconds.
const REST: Duration = Duration::from_millis(500);
const AWAKE: Duration = Duration::from_secs(2);
/// And while nothing has come for longer than that: nothing waits for a moment any more.
const SLEEP: Duration = Duration::from_secs(1);
const ASLEEP: Duration = Duration::from_secs(10);

/// Ticks without end.
pub(super) struct Ticks {
    next: Pin<Box<Sleep>>,
    news: Instant,
}

impl Ticks {
    /// From now on.
    pub(super) fn new() -> Ticks {
        Ticks { next: Box::pin(sleep(TICK)), news: Instant::now() }
    }

    /// Something came.
    pub(super) fn wake(&mut self) {
        self.news = Instant::now();
        let soon = self.news + TICK;
        if self.next.deadline() > soon {
            self.next.as_mut().reset(soon);
        }
    }

    /// Waits for the next one. Whoever stops waiting misses nothing.
    pub(super) async fn next(&mut self) {
        self.next.as_mut().await;
        let now = Instant::now();
        self.next.as_mut().reset(now + pause(now - self.news));
    }
}

fn pause(without_news: Duration) -> Duration {
    match without_news {
        short if short < AWAKE => TICK,
        short if short < ASLEEP => REST,
        _ => SLEEP,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn seldom_until_something_comes() {
        assert_eq!([Duration::ZERO, AWAKE, ASLEEP].map(pause), [TICK, REST, SLEEP]);
        let mut ticks = Ticks::new();
        ticks.next.as_mut().reset(Instant::now() + REST);
        ticks.wake();
        assert!(ticks.next.deadline() <= Instant::now() + TICK);
        let soon = ticks.next.deadline();
        ticks.wake();
        assert_eq!(ticks.next.deadline(), soon, "one that is due soon is not put off");
    }
}
