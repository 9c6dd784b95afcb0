//! What outputs are shown: in which order, and what goes before what.
use super::Session;
use crate::commands::outcome::Failure;
use crate::discovery::snapshot::Snapshot;
use crate::filter::select;
use crate::output::{Context, Item, Losses, Totals, stderr};
use crate::recording::input::Ending;
use crate::telemetry::cost;

/// Time between two words about lines that `--rate-limit` leaves out, nanoseconds.
const LIMIT_TOLD_NS: u64 = 60_000_000_000;

impl Session {
    /// What changed; whether all that was there at the start is attached to, and was not before.
    pub(super) fn snapshot(&mut self, at_ns: u64, snapshot: Snapshot) -> Result<bool, Failure> {
        let old = std::mem::replace(&mut self.state.snapshot, snapshot);
        self.state.reassembled();
        let state = &mut self.state;
        state.unmatched.look(&state.snapshot.node);
        if !state.snapshot.ready {
            let (attached, wanted) = (state.snapshot.status.interfaces, state.snapshot.wanted);
            self.show(&Item::Starting { attached, wanted })?;
        } else if !state.ready {
            (state.ready, state.started_ns) = (true, at_ns);
            self.look_at_standing()?;
            self.status()?;
            return Ok(true);
        } else if old.status != state.snapshot.status {
            self.status()?;
        }
        Ok(false)
    }

    /// Looks at what stands; whether it is not what was told last. The next status tells it.
    pub(super) fn look_at_standing(&mut self) -> Result<bool, Failure> {
        let changed = self.state.standing.changed(&self.state.snapshot.node, &self.view.filter);
        let Some(found) = changed else { return Ok(false) };
        self.state.problem |= !found.is_empty();
        self.show(&Item::Standing(&found))?;
        Ok(true)
    }

    pub(super) fn finish(&mut self, at_ns: u64, ending: Ending) -> Result<(), Failure> {
        let node = self.state.snapshot.node.clone();
        for attributed in self.state.engine.end_waiting(at_ns, &node) {
            self.event(&attributed)?;
        }
        let (filter, state) = (&self.view.filter, &mut self.state);
        let mut verdicts = state.engine.standing(&node);
        verdicts.retain(|v| select::verdict(filter, v) && state.matched.verdict(filter, v, &node));
        verdicts.iter().for_each(|v| state.note(v));
        let tallies = self.tallies();
        let state = &mut self.state;
        let standing = state.standing.now(&node, &self.view.filter);
        state.problem |= !standing.is_empty();
        let backlog = self.output.backlog();
        let totals = Totals {
            standing,
            unmatched: state.unmatched.told(&node),
            events: state.shown,
            unwritten: backlog.unwritten,
            limited: backlog.limited,
            missed: cost::missed(&state.snapshot.programs),
            records: ending.records,
            decoded: state.decoded,
            undecodable: state.undecodable,
            outcomes: self.outcomes(),
            disagreements: self.state.engine.disagreements(),
            forged: self.state.engine.forged(),
            connected: self.state.engine.connected(&node),
            unready: !self.state.snapshot.ready,
            duration_ms: at_ns.saturating_sub(self.state.started_ns) / 1_000_000,
            cost: ending.cost,
        };
        let status = self.state.snapshot.status.clone();
        self.show(&Item::End(&verdicts, &tallies, &status, &totals))?;
        self.output.flush().map_err(Failure::Output)
    }

    /// Somebody who watches must know that events are lost.
    pub(super) fn losses(&mut self, events: u64) -> Result<(), Failure> {
        let (backlog, now_ns) = (self.output.backlog(), self.state.clock.now_ns());
        let mut lost = Losses { events, lines: backlog.unwritten, limited: backlog.limited };
        // To tell of that takes a line too: seldom.
        let before = self.state.lost;
        if before.limited > 0 && now_ns.saturating_sub(self.state.limit_told_ns) < LIMIT_TOLD_NS {
            lost.limited = before.limited;
        } else if lost.limited > before.limited {
            self.state.limit_told_ns = now_ns;
        }
        self.state.lost = lost;
        if before.lines == 0 && lost.lines > 0 {
            stderr::note("stdout is not read fast enough: lines are left out");
        }
        if lost != before {
            let status = self.state.snapshot.status.clone();
            self.show(&Item::Lost(&status, lost))?;
        }
        Ok(())
    }

    pub(super) fn status(&mut self) -> Result<(), Failure> {
        let status = self.state.snapshot.status.clone();
        self.show(&Item::Status(&status))
    }

    pub(super) fn show(&mut self, item: &Item<'_>) -> Result<(), Failure> {
        // What is traced stands first, also where something happens before all of it is.
        let says = match item {
            Item::Starting { .. } | Item::Standing(_) => false,
            Item::Report(tallies) => tallies.iter().any(|(_, tally)| tally.changed || tally.kernel.changed),
            _ => true,
        };
        if says && !std::mem::replace(&mut self.state.introduced, true) && !matches!(item, Item::Status(_)) {
            self.status()?;
        }
        let context = Context {
            clock: &self.state.clock,
            node: &self.state.snapshot.node,
            kernel_names: &self.kernel_names,
        };
        if let Some(metrics) = &self.metrics {
            metrics.show(item, &context);
        }
        for output in &mut self.beside {
            output.show(item, &context).map_err(Failure::Output)?;
        }
        self.output.show(item, &context).map_err(Failure::Output)
    }
}
