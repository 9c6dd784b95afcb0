//! A session: inputs become what outputs show. Pure but for its outputs: a run feeds it from the kernel, a replay from a
//! recording.
mod figures;
mod showing;
mod standing;
mod state;
mod wants;

use bytes::Bytes;

use crate::commands::ending::ending;
use crate::commands::outcome::{Failure, Outcome};
use crate::discovery::snapshot::Snapshot;
use crate::filter::{Filter, select};
use crate::kernel::decode::decode;
use crate::metrics::Metrics;
use crate::model::{AttributedEvent, Verdict};
use crate::output::{Item, KernelNames, Output};
use crate::recording::input::{Input, Interval};
use crate::telemetry::clock;
pub(crate) use standing::say;
pub(crate) use state::State;
pub(crate) use wants::Wants;

/// What is shown of it.
#[derive(Clone, Debug)]
pub(crate) struct View {
    /// These events, counters, verdicts and mismatches.
    pub(crate) filter: Filter,
    /// So many events at most.
    pub(crate) count: Option<u64>,
}

/// A session.
pub(crate) struct Session {
    /// What is shown.
    pub(crate) view: View,
    /// Where.
    pub(crate) output: Box<dyn Output>,
    /// Others that are shown the same, and are not asked what they want.
    pub(crate) beside: Vec<Box<dyn Output>>,
    /// The same for Prometheus, if somebody asked.
    pub(crate) metrics: Option<Metrics>,
    /// Kernel names.
    pub(crate) kernel_names: KernelNames,
    /// What changes.
    pub(crate) state: State,
}

impl Session {
    /// Takes in what came at `at_ns` (CLOCK_MONOTONIC); returns what it now wants of the world.
    ///
    /// # Errors
    /// When nobody reads the output.
    pub(crate) fn apply(&mut self, at_ns: u64, input: Input) -> Result<Wants, Failure> {
        self.state.clock.set(at_ns);
        let mut wants = Wants::default();
        match input {
            Input::Records(records) => self.records(records)?,
            Input::Tick => {
                self.tick(at_ns)?;
                wants.sockets = self.state.engine.questions(at_ns);
            }
            Input::Socket(question, reading) => {
                let node = self.state.snapshot.node.clone();
                self.state.engine.answer(question, reading, at_ns, &node);
            }
            Input::Nat(query, inner) => {
                let node = self.state.snapshot.node.clone();
                for attributed in self.state.engine.nat_answer(query, inner, at_ns, &node) {
                    self.event(&attributed)?;
                }
            }
            Input::Interval(interval) => self.interval(&interval)?,
            Input::Snapshot(snapshot) => wants.ready = self.snapshot(at_ns, snapshot)?,
            Input::LastSnapshot(snapshot) => self.state.snapshot = snapshot,
            Input::End(ending) => self.finish(at_ns, ending)?,
        }
        wants.nat = self.state.engine.nat_queries();
        Ok(wants)
    }

    /// Begins anew with a node: before anything was shown.
    pub(crate) fn restart(&mut self, snapshot: Snapshot) {
        self.state = State::new(snapshot, self.state.clock, &self.view.filter);
    }

    fn records(&mut self, records: Vec<Bytes>) -> Result<(), Failure> {
        let node = self.state.snapshot.node.clone();
        for record in records {
            match decode(&record) {
                Ok(event) => {
                    self.state.decoded += 1;
                    self.state.kernel.observed.note(&event, &node);
                    if let Some(attributed) = self.state.engine.event(event, &node) {
                        self.event(&attributed)?;
                        let foreseen = self.state.engine.foresee(&attributed, &node);
                        self.verdicts(foreseen)?;
                    }
                }
                Err(e) => {
                    tracing::debug!("{e}");
                    self.state.undecodable += 1;
                }
            }
        }
        Ok(())
    }

    fn event(&mut self, attributed: &AttributedEvent) -> Result<(), Failure> {
        let node = &self.state.snapshot.node;
        if !select::event(&self.view.filter, attributed, node) {
            return Ok(());
        }
        if self.has_enough() {
            return Ok(());
        }
        self.state.shown += 1;
        if self.view.filter.is_by_flow() {
            self.state.matched.note(attributed, node);
        }
        self.show(&Item::Event(attributed))?;
        if !self.state.clock.is_replayed() {
            self.state.latency.record(clock::monotonic_ns().saturating_sub(attributed.event.time_ns));
        }
        Ok(())
    }

    /// Waits for the reader of what was shown, and says how it went; `exit_code`: by the exit code too, whether anything is
    /// wrong. `signalled`: somebody expects the end.
    ///
    /// # Errors
    /// As for [`ending`].
    pub(crate) fn ended(
        &mut self,
        result: Result<(), Failure>,
        exit_code: bool,
        signalled: bool,
    ) -> Result<Outcome, Failure> {
        let problem = self.state.problem && exit_code;
        let unmatched = self.state.unmatched.told(&self.state.snapshot.node);
        ending(result, problem, unmatched, &mut *self.output, signalled)
    }

    /// Whether all events were shown that somebody asked for.
    pub(crate) fn has_enough(&self) -> bool {
        self.view.count.is_some_and(|count| self.state.shown >= count)
    }

    fn tick(&mut self, at_ns: u64) -> Result<(), Failure> {
        let node = self.state.snapshot.node.clone();
        let (events, verdicts) = self.state.engine.tick(at_ns, &node);
        for attributed in &events {
            self.event(attributed)?;
        }
        self.verdicts(verdicts)
    }

    fn verdicts(&mut self, verdicts: Vec<Verdict>) -> Result<(), Failure> {
        let node = self.state.snapshot.node.clone();
        let held = self.state.matched.take_held();
        for verdict in held.into_iter().chain(verdicts) {
            if !select::verdict(&self.view.filter, &verdict) {
                continue;
            }
            if !self.state.matched.verdict(&self.view.filter, &verdict, &node) {
                self.state.matched.hold(verdict);
                continue;
            }
            self.state.note(&verdict);
            self.show(&Item::Verdict(&verdict))?;
        }
        Ok(())
    }

    fn interval(&mut self, interval: &Interval) -> Result<(), Failure> {
        let tallies = self.tallies();
        self.show(&Item::Report(&tallies))?;
        self.losses(interval.lost)?;
        // Tells what stands, where it is not what was told last.
        if self.state.ready && interval.look && self.look_at_standing()? {
            self.status()?;
        }
        self.output.cost(&interval.cost);
        self.beside.iter_mut().for_each(|output| output.cost(&interval.cost));
        Ok(())
    }
}
