//! Outputs: one file each. They get the same items and differ in how they show them.
mod buffer;
pub(crate) mod colour;
mod delta;
pub mod escape;
pub(crate) mod format;
pub(crate) mod json;
pub(crate) mod limit;
pub(crate) mod only;
pub(crate) mod own_file;
pub(crate) mod plural;
pub(crate) mod queue;
mod queued;
pub mod stderr;
pub(crate) mod text;
pub(crate) mod tui;
pub(crate) mod unseen;

use crate::telemetry::TraceStatus;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::task::{self, Poll};

use crate::kernel::counters::Records;
use crate::kernel::symbols::Symbols;
use crate::model::{AttributedEvent, NetnsId, Node, Outcomes, StandingMismatch, Tally, Verdict};
use crate::telemetry::clock::Clock;
use crate::telemetry::cost::Cost;
use queue::{Backlog, Patience};

/// The figures of the whole run.
#[derive(Clone, Debug, Default)]
pub(crate) struct Totals {
    /// Events reported.
    pub(crate) events: u64,
    /// Records that the kernel side made, those that the ring buffer could not take among them.
    pub(crate) records: Records,
    /// Runs of its programs that the kernel left out, where it counts them.
    pub(crate) missed: Option<u64>,
    /// Lines that were left out because stdout was not read.
    pub(crate) unwritten: u64,
    /// Lines that were left out because of `--rate-limit`.
    pub(crate) limited: u64,
    /// Records that were decoded.
    pub(crate) decoded: u64,
    /// Records that could not be decoded.
    pub(crate) undecodable: u64,
    /// What became of packets too big that no verdict is about.
    pub(crate) outcomes: Outcomes,
    /// Obstacles that events named, and that the model of the node did not know of.
    pub(crate) disagreements: u64,
    /// Events of packets that bore the address of another than the container that sent them.
    pub(crate) forged: u64,
    /// Namespaces of which a TCP connection of their own was seen to be answered.
    pub(crate) connected: BTreeSet<NetnsId>,
    /// MTUs that do not fit at the end, whether or not a packet died of it.
    pub(crate) standing: Vec<StandingMismatch>,
    /// What was asked for and was never there, in words; nothing was found about it because nothing was looked at.
    pub(crate) unmatched: Option<String>,
    /// Whether it ended before all that was there at the start was attached to.
    pub(crate) unready: bool,
    /// How long the run took, milliseconds.
    pub(crate) duration_ms: u64,
    /// What it cost.
    pub(crate) cost: Cost,
}

impl Totals {
    /// Those of a run that goes on, and of which `lost` events were lost.
    pub(crate) fn so_far(lost: u64) -> Totals {
        Totals { records: Records { lost, ..Records::default() }, ..Totals::default() }
    }
}

/// What the kernel calls drop reasons and code locations.
#[derive(Default)]
pub(crate) struct KernelNames {
    /// Drop reasons by number.
    pub(crate) reasons: BTreeMap<u32, String>,
    /// Kernel symbols.
    pub(crate) symbols: Option<Symbols>,
}

/// What every output is told alongside.
pub(crate) struct Context<'a> {
    /// Times.
    pub(crate) clock: &'a Clock,
    /// The node as it is now.
    pub(crate) node: &'a Node,
    /// Kernel names.
    pub(crate) kernel_names: &'a KernelNames,
}

/// What is missing from the output, from the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Losses {
    /// Events that the ring buffer could not take.
    pub(crate) events: u64,
    /// Lines that were left out because stdout was not read.
    pub(crate) lines: u64,
    /// Lines that were left out because of `--rate-limit`.
    pub(crate) limited: u64,
}

/// Something to show.
pub(crate) enum Item<'a> {
    /// The start goes on: so many of so many interfaces carry classifiers. 0 of 0 while the programs are loaded.
    Starting {
        /// That do.
        attached: usize,
        /// That should.
        wanted: usize,
    },
    /// At the start, and when it changes.
    Status(&'a TraceStatus),
    /// MTUs that do not fit as the node stands: before the first status, and when others do.
    Standing(&'a [StandingMismatch]),
    /// One event.
    Event(&'a AttributedEvent),
    /// Counters that have changed in the last interval, by namespace.
    Report(&'a [(NetnsId, Tally)]),
    /// So much is lost by now, more than at the last report.
    Lost(&'a TraceStatus, Losses),
    /// A verdict that is new or has changed.
    Verdict(&'a Verdict),
    /// The end: standing verdicts, all counters, the last status, totals.
    End(&'a [Verdict], &'a [(NetnsId, Tally)], &'a TraceStatus, &'a Totals),
}

/// What somebody who can talk to an output wants of the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Nothing; the output has something to draw.
    Draw,
    /// The end.
    End,
}

/// An output.
pub(crate) trait Output {
    /// Shows an item. An error of kind `BrokenPipe` means that nobody reads any more.
    ///
    /// # Errors
    /// When writing fails.
    fn show(&mut self, item: &Item<'_>, context: &Context<'_>) -> io::Result<()>;

    /// Sends off what was shown. Called once a batch: a flood of events must not be a flood of system calls.
    ///
    /// # Errors
    /// As for `show`.
    fn flush(&mut self) -> io::Result<()>;

    /// What the reader has not taken yet, and what was left out for it.
    fn backlog(&self) -> Backlog {
        Backlog::default()
    }

    /// Waits until all of it has been written, but not for ever.
    ///
    /// # Errors
    /// As for `show`; `TimedOut` when nobody reads.
    fn settle(&mut self, _patience: Patience) -> io::Result<()> {
        self.flush()
    }

    /// What the run costs so far; told once an interval.
    fn cost(&mut self, _cost: &Cost) {}

    /// Ready when somebody wants something; of most outputs nobody can.
    ///
    /// # Errors
    /// As for `show`.
    fn poll_request(&mut self, _cx: &mut task::Context<'_>) -> Poll<io::Result<Request>> {
        Poll::Pending
    }

    /// Nothing more will be shown but the end.
    fn close(&mut self) {}
}
