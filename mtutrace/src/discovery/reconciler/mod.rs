//! The reconciler: a thread that keeps the model of the node current, and the classifiers attached.
mod pace;
mod publish;

use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use mtutrace_common::HookId;
use tokio::sync::{mpsc, oneshot, watch};

use crate::discovery::classifiers::Classifiers;
use crate::discovery::measured::Measured;
use crate::discovery::scan::{Discovery, scan};
use crate::discovery::scanner::Scanner;
use crate::discovery::snapshot::Snapshot;
use crate::discovery::stir::Stir;
use crate::kernel::attach::has_tcx;
use crate::kernel::hooks::{self, Status as HookStatus};
use crate::mib::reader::Reader;
use crate::model::{NetnsId, SharedNetns, SocketId, TcpInfo};
use crate::runtimes::MetadataService;
use crate::telemetry::clock::Clock;
use crate::topology::watch::drain;
use crate::topology::{FoundNetns, Topology, sockets};

use pace::{EAGER_RESCAN, RESCAN, SETTLE};

/// Looks for what could not be read or attached to at the start.
const RETRIES: usize = 2;
/// A namespace is young for this long.
const YOUTH: Duration = Duration::from_secs(2);
/// The kernel takes 13 ms to attach a link (`synchronize_rcu`): after so many of them the node is looked at again.
const ATTACH: Duration = Duration::from_millis(100);

/// What the thread is told.
pub(crate) enum Command {
    /// Something changed in this namespace.
    Dirty(NetnsId),
    /// Ask the kernel about these sockets.
    Sockets(Vec<SocketId>),
    /// A runtime told names.
    MetadataChanged,
    /// Publish the newest figures, and say so.
    ReadCounters(oneshot::Sender<()>),
    /// Take everything away and end.
    Stop,
}

/// Update about namespaces: a socket to hear of changes by, or the end of it.
pub(crate) enum Update {
    /// Watch this.
    Watch(NetnsId, OwnedFd),
    /// It is gone: its socket must be closed, or it would keep the namespace alive.
    Gone(NetnsId),
}

/// The thread and the ends of its channels.
pub(crate) struct Reconciler {
    /// For commands.
    pub(crate) commands: Sender<Command>,
    /// The newest snapshot.
    pub(crate) snapshots: watch::Receiver<Snapshot>,
    /// Update about namespaces.
    pub(crate) updates: mpsc::UnboundedReceiver<Update>,
    /// What the kernel says of sockets.
    pub(crate) answers: mpsc::UnboundedReceiver<(SocketId, Option<TcpInfo>)>,
    thread: JoinHandle<()>,
}

impl Reconciler {
    /// Starts the thread, which attaches to all that is there and then keeps to it; [`Snapshot::ready`] says when.
    ///
    /// # Errors
    /// When no thread can be made.
    pub(crate) fn start(
        discovery: Discovery,
        classifiers: Classifiers,
        hooks: Vec<HookStatus>,
    ) -> std::io::Result<Reconciler> {
        let mut topology = discovery.topology;
        if hooks::works(&hooks, HookId::FdbUpdate) {
            topology.follow_fdb();
        }
        let (commands, command_receiver) = channel();
        let (update_sender, updates) = mpsc::unbounded_channel();
        let (answer_sender, answers) = mpsc::unbounded_channel();
        let (snapshot_sender, snapshots) = watch::channel(Snapshot::default());
        let named = commands.clone();
        discovery.metadata.on_change(move || drop(named.send(Command::MetadataChanged)));
        let mut worker = Worker {
            mib: Reader::new(&topology),
            scanner: discovery.scanner,
            metadata: discovery.metadata,
            pid_namespace: discovery.visibility.part(),
            topology,
            unheard: discovery.watch,
            classifiers,
            hooks,
            measured: Measured::default(),
            stir: Stir::new(Path::new("/proc")),
            looked: (Instant::now(), Duration::ZERO),
            heard: false,
            clock: Clock::new(),
            young: Instant::now(),
            attached: false,
            ready: false,
            ending: false,
            commands: command_receiver,
            updates: update_sender,
            answers: answer_sender,
            snapshots: snapshot_sender,
        };
        // Whoever charges events has to know the node from the first one on.
        worker.publish(true);
        let thread = std::thread::Builder::new().name("reconciler".to_owned()).spawn(move || worker.run())?;
        Ok(Reconciler { commands, snapshots, updates, answers, thread })
    }

    /// Has everything taken away. Waits for it only where it would not go with this process.
    pub(crate) fn stop(self) {
        let _ = self.commands.send(Command::Stop);
        if has_tcx() {
            return;
        }
        if self.thread.join().is_err() {
            tracing::error!("the reconciler thread died; the kernel removes its programs");
        }
    }
}

struct Worker {
    scanner: Scanner,
    metadata: MetadataService,
    pid_namespace: Option<u64>,
    topology: Topology,
    /// A socket of each namespace, with what was not heard of it yet since the discovery.
    unheard: Vec<(NetnsId, OwnedFd)>,
    classifiers: Classifiers,
    mib: Reader,
    hooks: Vec<HookStatus>,
    measured: Measured,
    stir: Stir,
    /// When all of the node was looked at last, and how long that took.
    looked: (Instant, Duration),
    /// Whether a change was heard of since.
    heard: bool,
    clock: Clock,
    /// When a namespace appeared last.
    young: Instant,
    /// Whether all classifiers are where they should be.
    attached: bool,
    /// Whether all that was there at the start has been attached to.
    ready: bool,
    /// Whether the last figures were asked for: nothing more is attached.
    ending: bool,
    commands: Receiver<Command>,
    updates: mpsc::UnboundedSender<Update>,
    answers: mpsc::UnboundedSender<(SocketId, Option<TcpInfo>)>,
    snapshots: watch::Sender<Snapshot>,
}

impl Worker {
    fn run(mut self) {
        self.follow();
        if has_tcx() {
            return;
        }
        self.publish(true);
        // The way into a namespace may lead through a process that has ended since the last look, and a filter
        // (before 6.6) whose namespace cannot be entered would stay behind.
        if let Ok(namespaces) = scan(&mut self.scanner, &self.metadata) {
            self.topology.refresh(&namespaces);
        }
        self.classifiers.detach_all(&self.topology);
    }

    /// Attaches to all that is there, and follows the node until it is told to stop.
    fn follow(&mut self) {
        if !self.start() {
            return;
        }
        self.measured.tick();
        let mut pause = RESCAN;
        while self.wait(pause) {
            if self.is_at_rest() {
                self.read_counters();
                if self.topology.learn() {
                    self.publish(true);
                }
                self.publish_age();
            } else {
                self.look();
            }
            // What was seen is known to whoever charges events before classifiers are brought there.
            self.attach(Some(Instant::now() + ATTACH));
            self.measured.tick();
            pause = if !self.attached {
                SETTLE
            } else if self.is_waiting_for_owners() {
                EAGER_RESCAN
            } else {
                pace::pause(self.looked.1)
            };
        }
    }

    /// Waits for an order or the next look; false at the end.
    fn wait(&mut self, pause: Duration) -> bool {
        let mut until = Instant::now() + pause;
        loop {
            let now = Instant::now();
            let next = self.measured.left().map_or(until, |left| until.min(now + left));
            match self.commands.recv_timeout(next.saturating_duration_since(now)) {
                Ok(Command::Dirty(netns)) => {
                    self.topology.mark_dirty(netns);
                    until = until.min(self.heard());
                }
                Ok(Command::Sockets(questions)) => self.ask(questions),
                Ok(Command::MetadataChanged) => until = until.min(self.heard()),
                Ok(Command::ReadCounters(done)) => {
                    self.ending = true;
                    if self.mib.all(&self.topology) {
                        self.publish_kernel();
                    }
                    self.publish(false);
                    let _ = done.send(());
                }
                // A measurement is over.
                Err(RecvTimeoutError::Timeout) if Instant::now() < until => self.measured.tick(),
                Err(RecvTimeoutError::Timeout) => return true,
                Ok(Command::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
    }

    /// What cannot be asked has no answer: that is no proof of anything.
    fn ask(&self, questions: Vec<SocketId>) {
        for question in questions {
            let answer = self.topology.enter(question.netns, move || sockets::read(question.flow));
            let reading = match answer {
                Ok(Ok(reading)) => reading,
                Ok(Err(e)) => {
                    tracing::debug!("cannot query a socket in netns {}: {e}", question.netns);
                    None
                }
                Err(e) => {
                    tracing::debug!("{e}");
                    None
                }
            };
            let _ = self.answers.send((question, reading));
        }
    }

    fn look(&mut self) {
        let started = Instant::now();
        match scan(&mut self.scanner, &self.metadata) {
            Ok(namespaces) => {
                self.take(&namespaces);
                self.heard = false;
            }
            // What was heard of is looked at the next time.
            Err(e) => tracing::warn!("cannot read /proc: {e}"),
        }
        self.looked = (started, started.elapsed());
    }

    fn take(&mut self, namespaces: &[FoundNetns]) {
        let changes = self.topology.refresh(namespaces);
        self.metadata.update(self.topology.node(), self.scanner.processes());
        for netns in &changes.removed {
            let _ = self.updates.send(Update::Gone(*netns));
        }
        for (netns, fd) in changes.watch {
            let _ = self.updates.send(Update::Watch(netns, fd));
        }
        if !changes.added.is_empty() {
            self.young = Instant::now();
        }
        self.attached &= !changes.changed;
        self.read_counters();
        self.publish(changes.changed);
    }

    fn read_counters(&mut self) {
        if self.mib.look(&self.topology) {
            self.publish_kernel();
        }
    }

    /// Whether nothing says that a look would show something new. Now and then it may all the same: a process that is
    /// there can go to another namespace.
    fn is_at_rest(&mut self) -> bool {
        let stirred = self.stir.is_new();
        let settled = self.attached && self.topology.unreadable().is_empty() && !self.is_waiting_for_owners();
        let (when, took) = self.looked;
        !stirred && settled && !self.heard && when.elapsed() < pace::rest(took)
    }

    /// A change was heard of: when to look.
    fn heard(&mut self) -> Instant {
        self.heard = true;
        let (when, took) = self.looked;
        (Instant::now() + SETTLE).max(when + pace::burst(took))
    }

    /// Brings classifiers where they should be, until then at most.
    fn attach(&mut self, until: Option<Instant>) {
        if !self.attached && !self.ending {
            self.attached = self.classifiers.sync(&self.topology, until);
            self.publish(false);
        }
    }

    /// Attaches to all that is there, a few devices at a time: it does as it is told in between. False when that was to stop.
    fn start(&mut self) -> bool {
        if !self.attach_enough() {
            return false;
        }
        // The kernel's counters count from here, as the hooks do.
        self.mib = Reader::begin(&self.topology);
        if !self.catch_up() {
            return false;
        }
        self.ready = !self.ending;
        self.publish(true);
        true
    }

    /// To the host's devices, and so many of each other namespace that nobody waits for one that has very many.
    fn attach_enough(&mut self) -> bool {
        while !self.attached && !self.ending && !self.classifiers.has_enough(self.topology.node()) {
            self.attach(Some(Instant::now() + ATTACH));
            if !self.wait(Duration::ZERO) {
                return false;
            }
        }
        true
    }

    /// The discovery is as old as loading the programs took: looks again at what has changed since, so that "ready" is true of
    /// now, and once more at what was in motion. False when it was told to stop.
    fn catch_up(&mut self) -> bool {
        for (netns, fd) in std::mem::take(&mut self.unheard) {
            // Of what tunnels learn, and what their forwarding databases are told, there is no word.
            let tunnels = self.topology.node().netns.get(&netns).is_some_and(|netns| netns.has_tunnels());
            if drain(fd.as_fd()).unwrap_or(true) || tunnels {
                self.topology.mark_dirty(netns);
            }
            let _ = self.updates.send(Update::Watch(netns, fd));
        }
        self.look();
        if !self.attach_enough() {
            return false;
        }
        for _ in 0..RETRIES {
            if self.topology.unreadable().is_empty() && !self.classifiers.is_pending() {
                break;
            }
            self.look();
            self.attached = false;
            self.attach(Some(Instant::now() + ATTACH));
            if !self.wait(Duration::ZERO) {
                return false;
            }
        }
        true
    }

    /// Whether a namespace has appeared lately, and some have no container yet.
    fn is_waiting_for_owners(&self) -> bool {
        let node = self.topology.node();
        let unowned = |(id, netns): (&NetnsId, &SharedNetns)| *id != node.host && netns.containers.is_empty();
        self.young.elapsed() < YOUTH && node.netns.iter().any(unowned)
    }
}
