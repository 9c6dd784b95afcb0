//! The figures that somebody asked for.
use mtutrace_common::HookId;

use super::Session;
use crate::filter::select;
use crate::kernel::hooks;
use crate::model::{NetnsId, Outcomes, Tally};

impl Session {
    /// The counters that somebody asked for.
    pub(super) fn tallies(&mut self) -> Vec<(NetnsId, Tally)> {
        let (filter, state) = (&self.view.filter, &mut self.state);
        let node = &state.snapshot.node;
        let mut all = state.engine.report();
        if filter.is_by_flow() {
            state.matched.tallies(&mut all);
        }
        let wanted = all
            .into_iter()
            .filter_map(|(owner, tally)| Some((owner, select::tally(filter, owner.id, tally, node)?)))
            .collect();
        let seen = hooks::works(&state.snapshot.status.hooks, HookId::KfreeSkb);
        state.kernel.merge(
            wanted,
            &state.snapshot.kernel,
            |netns, container| select::kernel(filter, netns, container),
            |device, container| !seen && select::device(filter, device, container, node),
        )
    }

    /// What became of packets too big that no verdict is about, of those that somebody asked for.
    pub(super) fn outcomes(&self) -> Outcomes {
        let mut sum = Outcomes::default();
        for (owner, outcomes) in self.state.engine.outcomes() {
            let container = self.state.snapshot.node.container(owner.id);
            if select::kernel(&self.view.filter, owner.id, container) {
                sum.add(&outcomes);
            }
        }
        sum
    }
}
