//! One run, from the first interface that is attached to until the final report: a session that the kernel feeds.
mod finish;
mod starting;
mod ticks;

use std::cell::RefCell;
use std::future::poll_fn;
use std::rc::Rc;
use std::time::{Duration, Instant};

pub(super) use ticks::TICK;
use ticks::Ticks;
use tokio::time::{MissedTickBehavior, interval};

use super::holder;
use super::options::Options;
use super::progress::Progress;
use super::ready::Ready;
use crate::commands::ending::until;
use crate::commands::outcome::{Failure, Outcome};
use crate::commands::record::Recorder;
use crate::commands::session::{Session, Wants};
use crate::commands::signals::{Heard, Signals};
use crate::discovery::nat::NatTables;
use crate::discovery::reconciler::{Command, Reconciler};
use crate::discovery::watchers::Watchers;
use crate::kernel::counters::Counters;
use crate::kernel::ring::Ring;
use crate::metrics::OwnMetrics;
use crate::output::{Context, Request};
use crate::recording::input::{Input, Interval};
use crate::telemetry::clock;
use crate::telemetry::cost::{self, Cost};

/// To look for mismatches that stand may take one part in so many of the time.
const LOOK_SHARE: u32 = 50;

/// A run and its ends in the kernel.
pub(super) struct Live<'a> {
    /// The command line.
    pub(super) options: &'a Options,
    /// Events.
    pub(super) ring: Ring,
    /// Counters of the kernel side.
    pub(super) counters: Counters,
    /// Asks the kernel about NAT.
    pub(super) nat: NatTables,
    /// What becomes of it all.
    pub(super) session: Session,
    /// Keeps what comes.
    pub(super) recorder: Option<Rc<RefCell<Recorder>>>,
    /// How far the start is, until it is done.
    pub(super) progress: Option<Progress>,
    /// The output covers the terminal, and says itself what is traced.
    pub(super) screen: bool,
    /// When all was attached; before, when it began.
    pub(super) started: Instant,
    /// CPU time that the start took.
    pub(super) cpu_before: Duration,
    /// Not to look for mismatches that stand before.
    pub(super) next_look: Option<Instant>,
}

impl Live<'_> {
    /// Runs until a signal, `--duration`, `--count`, or until nobody reads any more.
    pub(super) async fn run(
        mut self,
        mut reconciler: Reconciler,
        mut signals: Signals,
    ) -> Result<Outcome, Failure> {
        // It may have been ready before anybody listened.
        reconciler.snapshots.mark_changed();
        let result = self.work(&mut reconciler, &mut signals).await;
        let signalled = signals.is_ending();
        signals.end();
        self.session.output.close();
        self.progress = None;
        // Not before the last one is attached.
        let result = match result {
            Ok(()) if !self.session.state.snapshot.ready => self.last_figures(&mut reconciler).await,
            result => result,
        };
        if let Err(e) = holder::start() {
            tracing::debug!("the end waits until the kernel has detached all classifiers: {e}");
        }
        let result = match result {
            Ok(()) => self.finish(&mut reconciler).await,
            failed => failed,
        };
        reconciler.stop();
        self.session.ended(result, self.options.shown.exit_code, signalled)
    }

    async fn work(&mut self, reconciler: &mut Reconciler, signals: &mut Signals) -> Result<(), Failure> {
        if signals.is_ending() {
            return Ok(());
        }
        let mut watchers = Watchers::default();
        let mut ticks = Ticks::new();
        let mut report = interval(self.options.interval);
        report.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut ready: Option<Ready> = None;
        loop {
            let input = tokio::select! {
                records = self.ring.next() => Some(Input::Records(records?)),
                () = ticks.next() => {
                    self.tick(reconciler)?;
                    None
                }
                Some((socket, reading)) = reconciler.answers.recv() => Some(Input::Socket(socket, reading)),
                Some((query, inner)) = self.nat.answers.recv() => Some(Input::Nat(query, inner)),
                _ = report.tick() => {
                    self.report()?;
                    None
                }
                changed = reconciler.snapshots.changed() => {
                    if changed.is_err() {
                        let why = "the reconciler thread died; run mtutrace again, and please report this";
                        return Err(Failure::Machine(why.to_owned()));
                    }
                    Some(Input::Snapshot(reconciler.snapshots.borrow_and_update().clone()))
                }
                Some(update) = reconciler.updates.recv() => {
                    watchers.apply(update, &reconciler.commands);
                    None
                }
                wish = poll_fn(|cx| self.session.output.poll_request(cx)) => {
                    if wish.map_err(Failure::Output)? == Request::End {
                        return Ok(());
                    }
                    None
                }
                signal = signals.next() => {
                    if signal == Heard::End {
                        return Ok(());
                    }
                    self.dump();
                    None
                }
                () = until(ready.as_ref().and_then(|ready| ready.end)) => return Ok(()),
            };
            if let Some(input) = input {
                if matches!(input, Input::Records(_) | Input::Socket(..) | Input::Nat(..)) {
                    ticks.wake();
                }
                let snapshot = matches!(input, Input::Snapshot(_));
                if self.feed(input)? {
                    ready = Some(self.ready()?);
                } else if snapshot && ready.is_none() {
                    self.progress();
                }
            }
            self.session.output.flush().map_err(Failure::Output)?;
            if ready.is_some() && self.session.has_enough() {
                return Ok(());
            }
        }
    }

    /// Gives the session what came, and asks the kernel what it then wants to know; whether all is attached now.
    fn feed(&mut self, input: Input) -> Result<bool, Failure> {
        let wants = self.apply(input)?;
        Ok(wants.ready)
    }

    /// Keeps what came, and gives it to the session.
    pub(super) fn apply(&mut self, input: Input) -> Result<Wants, Failure> {
        let at_ns = clock::monotonic_ns();
        if let Some(recorder) = &self.recorder {
            recorder.borrow_mut().input(at_ns, &input, &self.session.kernel_names);
        }
        let mut wants = self.session.apply(at_ns, input)?;
        let nat = std::mem::take(&mut wants.nat);
        self.nat.ask(nat, &self.session.state.snapshot.node);
        Ok(wants)
    }

    /// Writes what the flight recorder has.
    fn dump(&self) {
        if let Some(recorder) = &self.recorder {
            recorder.borrow_mut().dump();
        }
    }

    fn tick(&mut self, reconciler: &Reconciler) -> Result<(), Failure> {
        let at_ns = clock::monotonic_ns();
        if let Some(metrics) = &self.session.metrics {
            metrics.heard(at_ns, self.session.output.backlog());
        }
        // The ring wakes its reader; should a wake-up ever be missed, its records wait no longer than this.
        let records = self.ring.now();
        if !records.is_empty() {
            self.feed(Input::Records(records))?;
        }
        let wants = self.apply(Input::Tick)?;
        if !wants.sockets.is_empty() {
            let _ = reconciler.commands.send(Command::Sockets(wants.sockets));
        }
        self.own_metrics();
        Ok(())
    }

    fn own_metrics(&self) {
        let (Some(metrics), state) = (&self.session.metrics, &self.session.state) else { return };
        let context = Context {
            clock: &state.clock,
            node: &state.snapshot.node,
            kernel_names: &self.session.kernel_names,
        };
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

    fn report(&mut self) -> Result<(), Failure> {
        let start = Instant::now();
        let state = &self.session.state;
        let look =
            state.standing.is_old(&state.snapshot.node) && self.next_look.is_none_or(|next| start >= next);
        let interval = Interval { lost: self.counters.lost(), look, cost: self.cost() };
        self.feed(Input::Interval(interval))?;
        if look {
            self.looked(start);
        }
        Ok(())
    }

    fn looked(&mut self, start: Instant) {
        self.next_look = Some(Instant::now() + start.elapsed().max(Duration::from_millis(10)) * LOOK_SHARE);
    }

    /// What the run has cost until now.
    fn cost(&self) -> Cost {
        let (cpu, memory_bytes) = cost::process().unwrap_or_default();
        let wall = self.started.elapsed().as_secs_f64().max(0.001);
        let state = &self.session.state;
        Cost {
            programs: state.snapshot.programs.clone(),
            cpu_ms: u64::try_from(cpu.as_millis()).unwrap_or(u64::MAX),
            cpu_percent: (cpu.saturating_sub(self.cpu_before).as_secs_f64() / wall * 1000.0).round() / 10.0,
            memory_bytes,
            latency_p50_us: state.latency.quantile(0.5),
            latency_p99_us: state.latency.quantile(0.99),
        }
    }
}
