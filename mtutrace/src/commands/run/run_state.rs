//! What changes while a run goes on.
use std::time::{Duration, Instant};

use super::standing::StandingWatch;
use crate::diagnosis::engine::Engine;
use crate::discovery::nat::NatTables;
use crate::discovery::reconciler::Snapshot;
use crate::filter::Filter;
use crate::filter::matched::MatchedFlows;
use crate::filter::unmatched::Unmatched;
use crate::mib::reconcile::Reconciliation;
use crate::model::{Severity, Verdict};
use crate::output::Losses;
use crate::telemetry::clock::Clock;
use crate::telemetry::cost::{self, Cost, Latency};

/// What changes while it runs.
pub(super) struct RunState {
    /// Makes events into verdicts.
    pub(super) engine: Engine,
    /// Asks the kernel about NAT.
    pub(super) nat: NatTables,
    /// The node as it was published last.
    pub(super) snapshot: Snapshot,
    /// CLOCK_MONOTONIC, and the wall clock.
    pub(super) clock: Clock,
    /// The kernel's own counters.
    pub(super) kernel: Reconciliation,
    /// From the packet to its event.
    pub(super) latency: Latency,
    /// What is known of flows that somebody asked for.
    pub(super) matched: MatchedFlows,
    /// MTUs that do not fit as the node stands.
    pub(super) standing: StandingWatch,
    /// What was asked for and has not been there yet.
    pub(super) unmatched: Unmatched,
    /// Whether a status was shown.
    pub(super) introduced: bool,
    /// Events that were shown.
    pub(super) shown: u64,
    /// Records that were understood.
    pub(super) decoded: u64,
    /// Records that were not.
    pub(super) undecodable: u64,
    /// What is missing, as somebody was told.
    pub(super) lost: Losses,
    /// When somebody was told last of lines that `--rate-limit` left out.
    pub(super) limit_told: Instant,
    /// Whether a verdict was given that is worse than info, or a mismatch stands or stood.
    pub(super) problem: bool,
    /// When all was attached; before, when it began.
    pub(super) started: Instant,
    /// CPU time that the start took.
    pub(super) cpu_before: Duration,
}

impl RunState {
    /// At the beginning.
    pub(super) fn new(snapshot: Snapshot, nat: NatTables, filter: &Filter) -> RunState {
        let mut unmatched = Unmatched::new(filter);
        unmatched.look(&snapshot.node);
        RunState {
            standing: StandingWatch::default(),
            unmatched,
            engine: Engine::default(),
            nat,
            snapshot,
            clock: Clock::new(),
            kernel: Reconciliation::default(),
            latency: Latency::new(),
            matched: MatchedFlows::default(),
            introduced: false,
            shown: 0,
            decoded: 0,
            undecodable: 0,
            lost: Losses::default(),
            limit_told: Instant::now(),
            problem: false,
            started: Instant::now(),
            cpu_before: cost::process().unwrap_or_default().0,
        }
    }

    /// Takes note of a verdict that is shown.
    pub(super) fn note(&mut self, verdict: &Verdict) {
        self.problem |= verdict.severity >= Severity::Warning;
    }

    /// Tells the engine what the kernel has put together of fragments, as it was read last.
    pub(super) fn reassembled(&mut self) {
        let all = self.snapshot.kernel.iter().map(|(key, delta)| (*key, delta.counters.reassembled()));
        let all = all.filter(|(_, count)| *count > 0).collect();
        self.engine.reassembled(all, self.snapshot.kernel_ns);
    }

    /// What the run has cost until now.
    pub(super) fn cost(&self) -> Cost {
        let (cpu, memory_bytes) = cost::process().unwrap_or_default();
        let wall = self.started.elapsed().as_secs_f64().max(0.001);
        Cost {
            programs: self.snapshot.programs.clone(),
            cpu_ms: u64::try_from(cpu.as_millis()).unwrap_or(u64::MAX),
            cpu_percent: (cpu.saturating_sub(self.cpu_before).as_secs_f64() / wall * 1000.0).round() / 10.0,
            memory_bytes,
            latency_p50_us: self.latency.quantile(0.5),
            latency_p99_us: self.latency.quantile(0.99),
        }
    }
}
