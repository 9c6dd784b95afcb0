//! When the engine is told that time goes on: often while something happens, seldom while nothing does.
use std::pin::Pin;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

/// How often verdicts are judged anew.
pub(in crate::commands::run) const TICK: Duration = Duration::from_millis(100);
/// The same while nothing has come for so long; what the engine still waits for then takes seconds.
const REST: Duration = Duration::from_millis(500);
const AWAKE: Duration = Duration::from_secs(2);

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
    if without_news < AWAKE { TICK } else { REST }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn seldom_until_something_comes() {
        assert_eq!((pause(Duration::ZERO), pause(AWAKE)), (TICK, REST));
        let mut ticks = Ticks::new();
        ticks.next.as_mut().reset(Instant::now() + REST);
        ticks.wake();
        assert!(ticks.next.deadline() <= Instant::now() + TICK);
        let soon = ticks.next.deadline();
        ticks.wake();
        assert_eq!(ticks.next.deadline(), soon, "one that is due soon is not put off");
    }
}
