//! The figures that somebody asked for, and the last ones.
use std::time::Duration;

use mtutrace_common::HookId;
use tokio::sync::oneshot;

use super::super::run_state::RunState;
use super::Session;
use crate::commands::outcome::Failure;
use crate::discovery::reconciler::{Command, Reconciler};
use crate::filter::select;
use crate::kernel::counters::Records;
use crate::kernel::hooks;
use crate::kernel::ring::BATCH;
use crate::model::{NetnsId, Outcomes, Tally};

/// Bytes of the smallest record in the ring, with the kernel's header.
const SMALLEST_RECORD: u32 = 88;
/// How often a moment is looked for, at the end, in which the ring is empty and nothing comes.
const QUIET_TRIES: u32 = 16;
/// The report waits no longer for the last figures: on a node with very many namespaces they may be some seconds old.
const LAST_FIGURES: Duration = Duration::from_millis(750);

impl Session<'_> {
    /// The counters that somebody asked for.
    pub(super) fn tallies(&self, state: &mut RunState) -> Vec<(NetnsId, Tally)> {
        let node = &state.snapshot.node;
        let mut all = state.engine.report();
        if self.options.filter.is_by_flow() {
            state.matched.tallies(&mut all);
        }
        let wanted = all
            .into_iter()
            .filter_map(|(owner, tally)| {
                Some((owner, select::tally(&self.options.filter, owner.id, tally, node)?))
            })
            .collect();
        let seen = hooks::works(&state.snapshot.status.hooks, HookId::KfreeSkb);
        state.kernel.merge(
            wanted,
            &state.snapshot.kernel,
            |netns, container| select::kernel(&self.options.filter, netns, container),
            |device, container| !seen && select::device(&self.options.filter, device, container, node),
        )
    }

    /// What the kernel counted until now, before the last events are read: so the hooks saw no less for being late.
    pub(super) async fn last_figures(&self, state: &mut RunState, reconciler: &mut Reconciler) {
        let (done, answer) = oneshot::channel();
        if reconciler.commands.send(Command::ReadCounters(done)).is_ok()
            && let Ok(Ok(())) = tokio::time::timeout(LAST_FIGURES, answer).await
        {
            state.snapshot = reconciler.snapshots.borrow_and_update().clone();
        }
    }

    /// What became of packets too big that no verdict is about, of those that somebody asked for.
    pub(super) fn outcomes(&self, state: &RunState) -> Outcomes {
        let mut sum = Outcomes::default();
        for (owner, outcomes) in state.engine.outcomes() {
            let container = state.snapshot.node.container(owner.id);
            if select::kernel(&self.options.filter, owner.id, container) {
                sum.add(&outcomes);
            }
        }
        sum
    }

    /// What came in before the end belongs to the report; a flood that goes on does not. Unless there is one, the
    /// counters are those of a moment when the ring was empty: records made = decoded + not understood + lost + left out.
    pub(super) fn drain(&mut self, state: &mut RunState) -> Result<Records, Failure> {
        let mut made = self.counters.records();
        for _ in 0..self.options.load.ring_bytes / SMALLEST_RECORD / BATCH as u32 + QUIET_TRIES {
            let rest = self.ring.now();
            let empty = rest.is_empty();
            self.take(state, rest)?;
            let before = std::mem::replace(&mut made, self.counters.records());
            if empty && before == made {
                break;
            }
        }
        Ok(made)
    }
}
