//! The node as it is now: what the scan of /proc found, dumped, connected and kept up to date.
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::adopt::adopt_parents;
use super::dump::{Dump, Exceptions, MOST_OF_HOST, MOST_OF_OTHERS, dump, learnt_towards};
use super::peers::{Peers, RawPeers, nsids_of};
use super::underlay::{Homes, homes};
use super::watch::subscribe;
use crate::model::{Container, Netns, NetnsId, Node};
use crate::topology::netns_exec::{EnterError, NetnsExecutor};

/// Refreshes after which a namespace that could not be entered is tried again, unless it gets another path before.
const ENTER_AGAIN: u32 = 30;
/// The same for one that was entered, but not read: that passes by itself, as a rule.
const READ_AGAIN: u32 = 3;
/// It is asked again what path MTUs tunnels have learnt after so long.
const LEARN_AGAIN: Duration = Duration::from_secs(2);

/// A namespace that a scan of /proc and /run/netns found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FoundNetns {
    /// Its inode number.
    pub(crate) id: NetnsId,
    /// The way in: `/proc/PID/ns/net` or `/run/netns/NAME`.
    pub(crate) path: PathBuf,
    /// Name under /run/netns.
    pub(crate) name: Option<String>,
    /// Where it is mounted, if nothing else holds it.
    pub(crate) mount: Option<String>,
    /// A process in it.
    pub(crate) pid: Option<u32>,
    /// What that runs, if there is no container.
    pub(crate) command: Option<String>,
    /// Containers whose processes live in it; parents may be empty (see [`adopt_parents`]).
    pub(crate) containers: Vec<Container>,
}

/// What a refresh found to be different.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Namespaces that can be read now, and could not before.
    pub(crate) added: Vec<NetnsId>,
    /// Namespaces that are gone. Close their watch sockets.
    pub(crate) removed: Vec<NetnsId>,
    /// Whether anything in [`Topology::node`] is different.
    pub(crate) changed: bool,
    /// A watch socket for each of `added` (see [`super::watch`]): when it is readable, drain it and mark the namespace
    /// dirty. It keeps the namespace alive: close it when the scan does not find the namespace any more.
    pub(crate) watch: Vec<(NetnsId, OwnedFd)>,
}

/// At which path a namespace could not be read, and after how many refreshes it is tried again.
#[derive(Debug)]
struct Failure {
    path: PathBuf,
    again_in: u32,
}

/// Keeps a [`Node`] up to date.
#[derive(Debug)]
pub(crate) struct Topology {
    executor: NetnsExecutor,
    /// Whether changes are to be heard of.
    watching: bool,
    node: Node,
    /// As last seen; the containers in the node have their parents besides.
    seen: BTreeMap<NetnsId, FoundNetns>,
    raw: RawPeers,
    peers: Peers,
    dirty: BTreeSet<NetnsId>,
    unreadable: BTreeMap<NetnsId, String>,
    failures: BTreeMap<NetnsId, Failure>,
    /// When that was asked last.
    learnt: Option<Instant>,
    /// The other ends of tunnels by the namespace that sends there, in that generation of the node.
    homes: (u64, Homes),
    /// Somebody was told that there is more than is read.
    told: bool,
}

impl Topology {
    /// An empty node; `host` is the namespace of PID 1. The caller's namespace becomes the home of the thread that
    /// enters the others.
    pub(crate) fn new(host: NetnsId) -> io::Result<Topology> {
        Ok(Topology {
            executor: NetnsExecutor::new()?,
            watching: true,
            node: Node { host, ..Node::default() },
            seen: BTreeMap::new(),
            raw: RawPeers::new(),
            peers: Peers::default(),
            dirty: BTreeSet::new(),
            unreadable: BTreeMap::new(),
            failures: BTreeMap::new(),
            learnt: None,
            homes: (u64::MAX, Homes::new()),
            told: false,
        })
    }

    /// One that opens no watch sockets, for a single look: a node may have more namespaces than a process may have
    /// open files.
    pub(crate) fn unwatched(host: NetnsId) -> io::Result<Topology> {
        Ok(Topology { watching: false, ..Topology::new(host)? })
    }

    /// The kernel tells from now on what its bridges learn.
    pub(crate) fn follow_fdb(&mut self) {
        self.node.follows_fdb = true;
        self.node.generation += 1;
    }

    /// The node as of the last refresh.
    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// Namespaces that could not be entered or read, and why. A namespace that could be read earlier keeps what was
    /// read then.
    pub(crate) fn unreadable(&self) -> &BTreeMap<NetnsId, String> {
        &self.unreadable
    }

    /// Has a namespace dumped again by the next refresh.
    pub(crate) fn mark_dirty(&mut self, id: NetnsId) {
        self.dirty.insert(id);
    }

    /// Does a job inside a namespace that the last refresh saw; blocks until it is done.
    pub(crate) fn enter<R: Send + 'static>(
        &self,
        id: NetnsId,
        job: impl FnOnce() -> R + Send + 'static,
    ) -> Result<R, EnterError> {
        let seen = self.seen.get(&id).ok_or(EnterError::Unknown(id))?;
        self.executor.run(&seen.path, id, job)
    }

    /// Brings the node in line with `namespaces`, which is all there are: reads those that are new or dirty, drops
    /// those that are gone.
    pub(crate) fn refresh(&mut self, namespaces: &[FoundNetns]) -> Changes {
        let mut changes = self.drop_all_but(namespaces);
        for seen in namespaces {
            let known = self.node.netns.contains_key(&seen.id);
            let due = !known || self.dirty.contains(&seen.id);
            let met = self.seen.insert(seen.id, seen.clone());
            changes.changed |= known && met.as_ref() != Some(seen);
            if due && self.may_try(seen) {
                self.read(seen, !known, &mut changes);
            }
        }
        if changes.changed {
            self.node.generation += 1;
            self.connect();
            self.assign_containers();
        }
        changes.changed |= self.learn();
        changes
    }

    fn drop_all_but(&mut self, namespaces: &[FoundNetns]) -> Changes {
        let left: BTreeSet<NetnsId> = namespaces.iter().map(|seen| seen.id).collect();
        let gone: Vec<NetnsId> = self.seen.keys().filter(|id| !left.contains(id)).copied().collect();
        let mut changes = Changes::default();
        for id in gone {
            self.seen.remove(&id);
            self.raw.remove(&id);
            self.dirty.remove(&id);
            self.unreadable.remove(&id);
            self.failures.remove(&id);
            self.peers.forget(id);
            if self.node.netns.remove(&id).is_some() {
                changes.removed.push(id);
                changes.changed = true;
            }
        }
        changes
    }

    fn may_try(&mut self, seen: &FoundNetns) -> bool {
        let Some(failure) = self.failures.get_mut(&seen.id) else { return true };
        failure.again_in = failure.again_in.saturating_sub(1);
        failure.again_in == 0 || failure.path != seen.path
    }

    fn read(&mut self, seen: &FoundNetns, new: bool, changes: &mut Changes) {
        let id = seen.id;
        let watch = self.watching && new;
        // Nobody tells of them: what was learnt is known at a single look alone, or asked for again (`learn`).
        let exceptions = if self.watching { Exceptions::OfTunnels } else { Exceptions::Wanted };
        let most = if id == self.node.host { MOST_OF_HOST } else { MOST_OF_OTHERS };
        let result = self.executor.run(&seen.path, id, move || {
            // Subscribe before dumping: a change in between is noticed.
            let watch = if watch { Some(subscribe()?) } else { None };
            Ok::<_, io::Error>((watch, dump(exceptions, most)?))
        });
        let (watch, dump) = match result {
            Ok(Ok(read)) => read,
            Ok(Err(error)) => {
                return self.fail(seen, READ_AGAIN, format!("cannot read its devices: {error}"));
            }
            Err(error) => return self.fail(seen, ENTER_AGAIN, error.to_string()),
        };
        self.dirty.remove(&id);
        self.failures.remove(&id);
        self.unreadable.remove(&id);
        changes.watch.extend(watch.map(|fd| (id, fd)));
        if new {
            changes.added.push(id);
        }
        self.tell(id, &dump.netns);
        changes.changed |= self.take(id, dump) || new;
    }

    /// Says that a namespace has more than is read, once: containers could make any number of lines. `map` lists it.
    fn tell(&mut self, id: NetnsId, netns: &Netns) {
        let cut = netns.cut.values().sum::<usize>() + netns.routes_cut;
        if !netns.is_cut() || !self.watching || std::mem::replace(&mut self.told, true) {
            return;
        }
        let what: Vec<&str> =
            netns.cut.keys().map(|what| &**what).chain((netns.routes_cut > 0).then_some("routes")).collect();
        tracing::warn!(
            "netns {id} has more {} than are read, {cut} or more: what they lead to may be missed (said once; \
             `mtutrace map` lists each such namespace)",
            what.join(" and ")
        );
    }

    /// Keeps what was read; true if it differs from what was known.
    fn take(&mut self, id: NetnsId, dump: Dump) -> bool {
        let generation = self.node.generation + 1;
        let known =
            self.node.netns.entry(id).or_insert_with(|| Netns { generation, ..Netns::default() }.into());
        let mut before = Netns::clone(known);
        for link in before.links.values_mut() {
            link.peer = None;
            link.tunnel.iter_mut().for_each(|tunnel| tunnel.netns = None);
        }
        let Netns { name, mount, pid, command, containers, generation, .. } = Netns::clone(known);
        let now = Netns { name, mount, pid, command, containers, generation, ..dump.netns };
        let same_peers = self.raw.insert(id, dump.peers.clone()).as_ref() == Some(&dump.peers);
        if before == now && same_peers {
            return false;
        }
        *known = now.into();
        true
    }

    /// Asks again for the path MTUs towards the other ends of tunnels, the one thing that changes without notice and without a
    /// process; true if they did.
    pub(crate) fn learn(&mut self) -> bool {
        if !self.watching || self.learnt.is_some_and(|learnt| learnt.elapsed() < LEARN_AGAIN) {
            return false;
        }
        self.learnt = Some(Instant::now());
        if self.homes.0 != self.node.generation {
            self.homes = (self.node.generation, homes(&self.node));
        }
        let mut changed = false;
        for (&id, remotes) in &self.homes.1 {
            let remotes = remotes.clone();
            let Ok(Ok(learnt)) = self.enter(id, move || learnt_towards(&remotes)) else { continue };
            if self.node.netns.get(&id).is_some_and(|netns| netns.learnt != learnt)
                && let Some(netns) = self.node.netns.get_mut(&id)
            {
                netns.learnt = learnt;
                changed = true;
            }
        }
        self.node.generation += u64::from(changed);
        changed
    }

    fn fail(&mut self, seen: &FoundNetns, again_in: u32, reason: String) {
        self.unreadable.insert(seen.id, reason);
        self.failures.insert(seen.id, Failure { path: seen.path.clone(), again_in });
    }

    /// Finds out which device hangs on which.
    fn connect(&mut self) {
        let (executor, seen) = (&self.executor, &self.seen);
        self.peers.resolve(&mut self.node, &self.raw, |asker, candidates| {
            let Some(asker) = seen.get(&asker) else { return Vec::new() };
            let others: Vec<(NetnsId, PathBuf)> =
                candidates.iter().filter_map(|id| Some((*id, seen.get(id)?.path.clone()))).collect();
            // What fails is left open, and asked again at the next change.
            let answer = executor.run(&asker.path, asker.id, move || nsids_of(&others));
            answer.ok().and_then(Result::ok).unwrap_or_default()
        });
    }

    /// Says who owns which namespace, and which containers run in which others.
    fn assign_containers(&mut self) {
        for (id, netns) in &mut self.node.netns {
            let Some(seen) = self.seen.get(id) else { continue };
            let said = (&netns.name, &netns.mount, netns.pid, &netns.command, &netns.containers);
            if said == (&seen.name, &seen.mount, seen.pid, &seen.command, &seen.containers) {
                continue;
            }
            netns.name.clone_from(&seen.name);
            netns.mount.clone_from(&seen.mount);
            netns.pid = seen.pid;
            netns.command.clone_from(&seen.command);
            netns.containers.clone_from(&seen.containers);
        }
        adopt_parents(&mut self.node);
    }
}

#[cfg(test)]
mod tests;
