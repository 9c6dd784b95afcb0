//! One run from the first interface that is attached to, to the final report.
mod figures;
mod starting;

use std::future::poll_fn;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::time::{MissedTickBehavior, interval};

use super::ending::{ending, until};
use super::holder;
use super::options::Options;
use super::progress::Progress;
use super::ready::Ready;
use super::run_state::RunState;
use super::signals::Signals;
use crate::commands::outcome::{Failure, Outcome};
use crate::discovery::nat::{self, NatTables};
use crate::discovery::reconciler::{Command, Reconciler};
use crate::discovery::watchers::Watchers;
use crate::filter::select;
use crate::kernel::counters::Counters;
use crate::kernel::decode::decode;
use crate::kernel::ring::Ring;
use crate::metrics::{Metrics, OwnMetrics};
use crate::model::{AttributedEvent, Verdict};
use crate::output::{Context, Item, KernelNames, Losses, Output, Request, Totals, stderr};
use crate::telemetry::cost;

/// How often verdicts are judged anew.
pub(super) const TICK: Duration = Duration::from_millis(100);
/// Time between two words about lines that `--rate-limit` leaves out.
const LIMIT_TOLD: Duration = Duration::from_secs(60);
/// Nor for answers about NAT, which take less than a millisecond.
const LAST_ANSWERS: Duration = Duration::from_millis(100);

/// What a run is made of.
pub(super) struct Session<'a> {
    /// The command line.
    pub(super) options: &'a Options,
    /// Events.
    pub(super) ring: Ring,
    /// Counters of the kernel side.
    pub(super) counters: Counters,
    /// Where to show what is found.
    pub(super) output: Box<dyn Output>,
    /// The same for Prometheus, if somebody asked.
    pub(super) metrics: Option<Metrics>,
    /// How far the start is, until it is done.
    pub(super) progress: Option<Progress>,
    /// The output covers the terminal, and says itself what is traced.
    pub(super) screen: bool,
    /// Kernel names.
    pub(super) kernel_names: KernelNames,
}

impl Session<'_> {
    /// Runs until a signal, `--duration`, `--count`, or until nobody reads any more.
    pub(super) async fn run(
        mut self,
        mut reconciler: Reconciler,
        mut signals: Signals,
    ) -> Result<Outcome, Failure> {
        let snapshot = reconciler.snapshots.borrow_and_update().clone();
        let mut state = RunState::new(snapshot, NatTables::start()?, &self.options.filter);
        // It may have been ready before anybody listened.
        reconciler.snapshots.mark_changed();
        let result = self.work(&mut state, &mut reconciler, &mut signals).await;
        let signalled = signals.is_ending();
        signals.end();
        self.output.close();
        self.progress = None;
        // Not before the last one is attached.
        if !state.snapshot.ready {
            self.last_figures(&mut state, &mut reconciler).await;
        }
        if let Err(e) = holder::start() {
            tracing::debug!("the end waits until the kernel has detached all classifiers: {e}");
        }
        let result = match result {
            Ok(()) => {
                self.last_figures(&mut state, &mut reconciler).await;
                self.last_answers(&mut state).await.and_then(|()| self.finish(&mut state))
            }
            Err(failure) => Err(failure),
        };
        reconciler.stop();
        let problem = state.problem && self.options.exit_code;
        let unmatched = state.unmatched.told(&state.snapshot.node);
        ending(result, problem, unmatched, &mut *self.output, signalled)
    }

    async fn work(
        &mut self,
        state: &mut RunState,
        reconciler: &mut Reconciler,
        signals: &mut Signals,
    ) -> Result<(), Failure> {
        if signals.is_ending() {
            return Ok(());
        }
        let mut watchers = Watchers::default();
        let mut tick = interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut report = interval(self.options.interval);
        report.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut ready: Option<Ready> = None;
        loop {
            tokio::select! {
                records = self.ring.next() => self.take(state, records?)?,
                _ = tick.tick() => {
                    self.tick(state)?;
                    let questions = state.engine.questions(state.clock.now_ns());
                    if !questions.is_empty() {
                        let _ = reconciler.commands.send(Command::Sockets(questions));
                    }
                }
                Some((question, reading)) = reconciler.answers.recv() => {
                    let node = state.snapshot.node.clone();
                    state.engine.answer(question, reading, state.clock.now_ns(), &node);
                }
                Some(answer) = state.nat.answers.recv() => self.nat_answer(state, answer)?,
                _ = report.tick() => {
                    let tallies = self.tallies(state);
                    self.show(state, &Item::Report(&tallies))?;
                    self.losses(state)?;
                    if ready.is_some() {
                        self.tell_standing(state)?;
                    }
                    self.output.cost(&state.cost());
                }
                changed = reconciler.snapshots.changed() => {
                    if changed.is_err() {
                        let why = "the reconciler thread died; run mtutrace again, and please report this";
                        return Err(Failure::Machine(why.to_owned()));
                    }
                    let old = std::mem::replace(&mut state.snapshot, reconciler.snapshots.borrow_and_update().clone());
                    state.reassembled();
                    state.unmatched.look(&state.snapshot.node);
                    if !state.snapshot.ready {
                        self.starting(state)?;
                    } else if ready.is_none() {
                        ready = Some(self.ready(state)?);
                    } else if old.status != state.snapshot.status {
                        self.status(state)?;
                    }
                }
                Some(update) = reconciler.updates.recv() => watchers.apply(update, &reconciler.commands),
                wish = poll_fn(|cx| self.output.poll_request(cx)) => {
                    if wish.map_err(Failure::Output)? == Request::End {
                        return Ok(());
                    }
                }
                () = signals.wait() => return Ok(()),
                () = until(ready.as_ref().and_then(|ready| ready.end)) => return Ok(()),
            }
            self.output.flush().map_err(Failure::Output)?;
            if ready.is_some() && self.options.count.is_some_and(|count| state.shown >= count) {
                return Ok(());
            }
        }
    }

    fn take(&mut self, state: &mut RunState, records: Vec<Bytes>) -> Result<(), Failure> {
        let node = state.snapshot.node.clone();
        for record in records {
            match decode(&record) {
                Ok(event) => {
                    state.decoded += 1;
                    state.kernel.observed.note(&event, &node);
                    if let Some(charged) = state.engine.event(event, &node) {
                        self.event(state, &charged)?;
                        let foreseen = state.engine.foresee(&charged, &node);
                        self.verdicts(state, foreseen)?;
                    }
                }
                Err(e) => {
                    tracing::debug!("{e}");
                    state.undecodable += 1;
                }
            }
        }
        state.nat.ask(state.engine.nat_queries(), &node);
        Ok(())
    }

    fn nat_answer(&mut self, state: &mut RunState, (query, inner): nat::Answer) -> Result<(), Failure> {
        let node = state.snapshot.node.clone();
        for attributed in state.engine.nat_answer(query, inner, state.clock.now_ns(), &node) {
            self.event(state, &attributed)?;
        }
        // There may be another level of NAT.
        state.nat.ask(state.engine.nat_queries(), &node);
        Ok(())
    }

    fn event(&mut self, state: &mut RunState, charged: &AttributedEvent) -> Result<(), Failure> {
        if !select::event(&self.options.filter, charged, &state.snapshot.node) {
            return Ok(());
        }
        if self.options.count.is_some_and(|count| state.shown >= count) {
            return Ok(());
        }
        state.shown += 1;
        if self.options.filter.is_by_flow() {
            state.matched.note(charged, &state.snapshot.node);
        }
        self.show(state, &Item::Event(charged))?;
        state.latency.record(state.clock.now_ns().saturating_sub(charged.event.time_ns));
        Ok(())
    }

    fn tick(&mut self, state: &mut RunState) -> Result<(), Failure> {
        if let Some(metrics) = &self.metrics {
            metrics.heard(state.clock.now_ns(), self.output.backlog());
        }
        // The ring wakes its reader; should a wake-up ever be missed, its records wait no longer than this.
        let records = self.ring.now();
        self.take(state, records)?;
        let node = state.snapshot.node.clone();
        let (events, verdicts) = state.engine.tick(state.clock.now_ns(), &node);
        for charged in &events {
            self.event(state, charged)?;
        }
        self.verdicts(state, verdicts)?;
        if let Some(metrics) = &self.metrics {
            let context = Context { clock: &state.clock, node: &node, kernel_names: &self.kernel_names };
            metrics.tick(&context, || OwnMetrics {
                records: self.counters.records(),
                undecodable: state.undecodable,
                dropped_incidents: state.engine.dropped_incidents(),
                disagreements: state.engine.disagreements(),
                forged: state.engine.forged(),
                nat_unanswered: state.engine.nat_unanswered(),
                programs: state.snapshot.programs.clone(),
                latency: state.latency.buckets(),
            });
        }
        Ok(())
    }

    fn verdicts(&mut self, state: &mut RunState, verdicts: Vec<Verdict>) -> Result<(), Failure> {
        let node = state.snapshot.node.clone();
        let held = state.matched.take_held();
        for verdict in held.into_iter().chain(verdicts) {
            if !select::verdict(&self.options.filter, &verdict) {
                continue;
            }
            if !state.matched.verdict(&self.options.filter, &verdict, &node) {
                state.matched.hold(verdict);
                continue;
            }
            state.note(&verdict);
            self.show(state, &Item::Verdict(&verdict))?;
        }
        Ok(())
    }

    /// Tells what stands, where it is not what was told last.
    fn tell_standing(&mut self, state: &mut RunState) -> Result<(), Failure> {
        if self.look_at_standing(state)? { self.status(state) } else { Ok(()) }
    }

    /// What came in before the end is attributed by what the kernel says of NAT.
    async fn last_answers(&mut self, state: &mut RunState) -> Result<(), Failure> {
        self.drain(state)?;
        let until = tokio::time::Instant::now() + LAST_ANSWERS;
        while state.engine.is_waiting()
            && let Ok(Some(answer)) = tokio::time::timeout_at(until, state.nat.answers.recv()).await
        {
            self.nat_answer(state, answer)?;
        }
        Ok(())
    }

    fn finish(&mut self, state: &mut RunState) -> Result<(), Failure> {
        let records = self.drain(state)?;
        let node = state.snapshot.node.clone();
        for attributed in state.engine.end_waiting(state.clock.now_ns(), &node) {
            self.event(state, &attributed)?;
        }
        let mut verdicts = state.engine.standing(&node);
        verdicts.retain(|v| {
            select::verdict(&self.options.filter, v) && state.matched.verdict(&self.options.filter, v, &node)
        });
        verdicts.iter().for_each(|v| state.note(v));
        let tallies = self.tallies(state);
        let standing = state.standing.now(&node, &self.options.filter);
        state.problem |= !standing.is_empty();
        let totals = Totals {
            standing,
            unmatched: state.unmatched.told(&node),
            events: state.shown,
            unwritten: self.output.backlog().unwritten,
            limited: self.output.backlog().limited,
            missed: cost::missed(&state.snapshot.programs),
            records,
            decoded: state.decoded,
            undecodable: state.undecodable,
            outcomes: self.outcomes(state),
            disagreements: state.engine.disagreements(),
            forged: state.engine.forged(),
            unready: !state.snapshot.ready,
            duration_ms: u64::try_from(state.started.elapsed().as_millis()).unwrap_or(u64::MAX),
            cost: state.cost(),
        };
        let status = state.snapshot.status.clone();
        self.show(state, &Item::End(&verdicts, &tallies, &status, &totals))?;
        self.output.flush().map_err(Failure::Output)
    }

    /// Somebody who watches must know that events are lost.
    fn losses(&mut self, state: &mut RunState) -> Result<(), Failure> {
        let backlog = self.output.backlog();
        let mut lost =
            Losses { events: self.counters.lost(), lines: backlog.unwritten, limited: backlog.limited };
        // To tell of that takes a line too: seldom.
        if state.lost.limited > 0 && state.limit_told.elapsed() < LIMIT_TOLD {
            lost.limited = state.lost.limited;
        } else if lost.limited > state.lost.limited {
            state.limit_told = Instant::now();
        }
        let before = std::mem::replace(&mut state.lost, lost);
        if before.lines == 0 && lost.lines > 0 {
            stderr::note("stdout is not read fast enough: lines are left out");
        }
        if lost != before {
            let status = state.snapshot.status.clone();
            self.show(state, &Item::Lost(&status, lost))?;
        }
        Ok(())
    }

    fn status(&mut self, state: &mut RunState) -> Result<(), Failure> {
        let status = state.snapshot.status.clone();
        self.show(state, &Item::Status(&status))
    }

    fn show(&mut self, state: &mut RunState, item: &Item<'_>) -> Result<(), Failure> {
        // What is traced stands first, also where something happens before all of it is.
        let says = match item {
            Item::Starting { .. } | Item::Standing(_) => false,
            Item::Report(tallies) => tallies.iter().any(|(_, tally)| tally.changed || tally.kernel.changed),
            _ => true,
        };
        if says && !std::mem::replace(&mut state.introduced, true) && !matches!(item, Item::Status(_)) {
            self.status(state)?;
        }
        let context =
            Context { clock: &state.clock, node: &state.snapshot.node, kernel_names: &self.kernel_names };
        if let Some(metrics) = &self.metrics {
            metrics.show(item, &context);
        }
        self.output.show(item, &context).map_err(Failure::Output)
    }
}
