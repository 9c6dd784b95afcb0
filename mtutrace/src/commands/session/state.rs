//! What changes while a session goes on.
use super::standing::StandingWatch;
use crate::diagnosis::engine::Engine;
use crate::discovery::snapshot::Snapshot;
use crate::filter::Filter;
use crate::filter::matched::MatchedFlows;
use crate::filter::unmatched::Unmatched;
use crate::mib::reconcile::Reconciliation;
use crate::model::{Severity, Verdict};
use crate::output::Losses;
use crate::telemetry::clock::Clock;
use crate::telemetry::cost::Latency;

/// What changes while it runs.
pub(crate) struct State {
    /// Makes events into verdicts.
    pub(crate) engine: Engine,
    /// The node as it was published last.
    pub(crate) snapshot: Snapshot,
    /// The time of the input that is being taken in.
    pub(crate) clock: Clock,
    /// The kernel's own counters.
    pub(super) kernel: Reconciliation,
    /// From the packet to its event.
    pub(crate) latency: Latency,
    /// What is known of flows that somebody asked for.
    pub(super) matched: MatchedFlows,
    /// MTUs that do not fit as the node stands.
    pub(crate) standing: StandingWatch,
    /// What was asked for and has not been there yet.
    pub(crate) unmatched: Unmatched,
    /// Whether a status was shown.
    pub(super) introduced: bool,
    /// Whether all that was there at the start is attached to.
    pub(super) ready: bool,
    /// Events that were shown.
    pub(super) shown: u64,
    /// Records that were understood.
    pub(super) decoded: u64,
    /// Records that were not.
    pub(crate) undecodable: u64,
    /// What is missing, as somebody was told.
    pub(super) lost: Losses,
    /// When somebody was told last of lines that `--rate-limit` left out, CLOCK_MONOTONIC nanoseconds.
    pub(super) limit_told_ns: u64,
    /// Whether a verdict was given that is worse than info, or a mismatch stands or stood.
    pub(crate) problem: bool,
    /// When all was attached; before, when it began. CLOCK_MONOTONIC nanoseconds.
    pub(super) started_ns: u64,
}

impl State {
    /// At the beginning, which is the time of `clock`.
    pub(crate) fn new(snapshot: Snapshot, clock: Clock, filter: &Filter) -> State {
        let mut unmatched = Unmatched::new(filter);
        unmatched.look(&snapshot.node);
        State {
            standing: StandingWatch::default(),
            unmatched,
            engine: Engine::default(),
            snapshot,
            kernel: Reconciliation::default(),
            latency: Latency::new(),
            matched: MatchedFlows::default(),
            introduced: false,
            ready: false,
            shown: 0,
            decoded: 0,
            undecodable: 0,
            lost: Losses::default(),
            limit_told_ns: 0,
            problem: false,
            started_ns: clock.now_ns(),
            clock,
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
}
