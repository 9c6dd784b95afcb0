//! The last figures, the last events, and the final report.
use std::time::Duration;

use tokio::sync::oneshot;

use super::Live;
use crate::commands::outcome::Failure;
use crate::discovery::reconciler::{Command, Reconciler};
use crate::kernel::counters::Records;
use crate::kernel::ring::BATCH;
use crate::recording::input::{Ending, Input};

/// Bytes of the smallest record in the ring, with the kernel's header.
const SMALLEST_RECORD: u32 = 88;
/// How often a moment is looked for, at the end, in which the ring is empty and nothing comes.
const QUIET_TRIES: u32 = 16;
/// The report waits no longer for the last figures: on a node with very many namespaces they may be some seconds old.
const LAST_FIGURES: Duration = Duration::from_millis(750);
/// Nor for answers about NAT, which take less than a millisecond.
const LAST_ANSWERS: Duration = Duration::from_millis(100);

impl Live<'_> {
    /// What the kernel counted until now, before the last events are read: so the hooks saw no less for being late. Not
    /// more is attached from here on.
    pub(super) async fn last_figures(&mut self, reconciler: &mut Reconciler) -> Result<(), Failure> {
        let (done, answer) = oneshot::channel();
        if reconciler.commands.send(Command::ReadCounters(done)).is_ok()
            && let Ok(Ok(())) = tokio::time::timeout(LAST_FIGURES, answer).await
        {
            let snapshot = reconciler.snapshots.borrow_and_update().clone();
            self.feed(Input::LastSnapshot(snapshot))?;
        }
        Ok(())
    }

    /// The last events and what the kernel says of their NAT, then the final report.
    pub(super) async fn finish(&mut self, reconciler: &mut Reconciler) -> Result<(), Failure> {
        self.last_figures(reconciler).await?;
        self.drain()?;
        let until = tokio::time::Instant::now() + LAST_ANSWERS;
        while self.session.state.engine.is_waiting()
            && let Ok(Some((query, inner))) = tokio::time::timeout_at(until, self.nat.answers.recv()).await
        {
            self.feed(Input::Nat(query, inner))?;
        }
        let records = self.drain()?;
        let end = Ending { records, cost: self.cost() };
        self.apply(Input::End(end)).map(drop)
    }

    /// What came in before the end belongs to the report; a flood that goes on does not. Unless there is one, the
    /// counters are those of a moment when the ring was empty: records made = decoded + not understood + lost + left out.
    fn drain(&mut self) -> Result<Records, Failure> {
        let mut made = self.counters.records();
        for _ in 0..self.options.load.ring_bytes / SMALLEST_RECORD / BATCH as u32 + QUIET_TRIES {
            let rest = self.ring.now();
            let empty = rest.is_empty();
            if !empty {
                self.feed(Input::Records(rest))?;
            }
            let before = std::mem::replace(&mut made, self.counters.records());
            if empty && before == made {
                break;
            }
        }
        Ok(made)
    }
}
