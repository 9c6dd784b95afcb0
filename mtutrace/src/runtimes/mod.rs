//! Names of containers and pods, from the runtimes that made them. Nothing waits for them and nothing needs them: a
//! thread of its own asks, and what it was told is put onto the containers that the cgroups tell of.
//!
//! Daemons of the host name any container; a daemon inside of a container, reached through the mount namespace of a
//! process there, those inside of that container. Either may be dead, slow or hostile.
mod bounded;
mod cache;
mod cri;
mod docker;
mod metadata;
mod poller;
mod reachable;
mod shared;
mod socket;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::model::{Container, Node};
use crate::topology::Seen;
use poller::{Event, Poller, Sighting, runtime};
pub(crate) use reachable::runtimes;
use shared::Shared;
use socket::Place;

/// Ends the thread when it is dropped.
pub(crate) struct Names {
    events: UnboundedSender<Event>,
    shared: Arc<Shared>,
    last: Sighting,
    shown: u64,
}

impl Names {
    /// Starts the thread.
    ///
    /// # Errors
    /// When there can be none.
    pub(crate) fn start() -> io::Result<Names> {
        Names::start_at(socket::host_root())
    }

    fn start_at(host: PathBuf) -> io::Result<Names> {
        let (events, receiver) = unbounded_channel();
        let shared = Arc::new(Shared::default());
        let runtime = runtime()?;
        let asker = Poller::new(Place::Host(host), events.clone(), shared.clone());
        std::thread::Builder::new().name("names".to_owned()).spawn(move || {
            runtime.block_on(asker.run(receiver));
            // A file system that hangs must not hold up the end.
            runtime.shutdown_background();
        })?;
        Ok(Names { events, shared, last: Sighting::default(), shown: 0 })
    }

    /// Has this called, by the thread, whenever there are new names.
    pub(crate) fn wake_by(&self, wake: impl Fn() + Send + 'static) {
        let _ = self.events.send(Event::Wake(Box::new(wake)));
    }

    /// Has the containers of the node named, and those that they run in; `processes` has one of each container.
    pub(crate) fn show<'a>(&mut self, node: &Node, processes: impl Iterator<Item = (&'a str, u32)>) {
        let mut sighting = Sighting::default();
        for container in node.netns.values().flat_map(|netns| &netns.containers) {
            let ids: Vec<&String> =
                [&container.id].into_iter().chain(container.parents.iter().map(|c| &c.id)).collect();
            for (i, id) in ids.iter().enumerate() {
                let parents = ids.iter().skip(i + 1).map(|id| (*id).clone()).collect();
                sighting.lineages.insert((*id).clone(), parents);
            }
        }
        sighting.processes = processes.map(|(id, pid)| (id.to_owned(), pid)).collect();
        if sighting != self.last {
            self.last = sighting.clone();
            self.shown += 1;
            let _ = self.events.send(Event::Show(self.shown, sighting));
        }
    }

    /// Puts the names that are known by now.
    pub(crate) fn put(&self, seen: &mut [Seen]) {
        let told = self.shared.metadata();
        if told.is_empty() {
            return;
        }
        let name = |container: &mut Container| {
            if let Some(told) = told.get(&container.id) {
                told.apply(container);
            }
        };
        for container in seen.iter_mut().flat_map(|seen| &mut seen.containers) {
            name(container);
            container.parents.iter_mut().for_each(name);
        }
    }

    /// Waits until everybody who is there has been asked about what was shown last, but no longer than this; true if
    /// there are names.
    pub(crate) fn wait(&self, at_most: Duration) -> bool {
        self.shared.wait(self.shown, at_most)
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        let _ = self.events.send(Event::Stop);
    }
}

#[cfg(test)]
mod tests;
