//! MetadataService of containers and pods, from the runtimes that made them. Nothing waits for them and nothing needs them: a
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
use poller::{Inventory, Poller, PollerEvent, runtime};
pub(crate) use reachable::reachable_runtimes;
use shared::Shared;
use socket::SocketRoot;

/// Asks the runtimes on a thread of its own, which ends when this is dropped.
pub(crate) struct MetadataService {
    events: UnboundedSender<PollerEvent>,
    shared: Arc<Shared>,
    last: Inventory,
    /// Number of the last inventory.
    number: u64,
}

impl MetadataService {
    /// Starts the thread.
    ///
    /// # Errors
    /// When there can be none.
    pub(crate) fn start() -> io::Result<MetadataService> {
        MetadataService::start_at(socket::host_root())
    }

    fn start_at(host: PathBuf) -> io::Result<MetadataService> {
        let (events, receiver) = unbounded_channel();
        let shared = Arc::new(Shared::default());
        let runtime = runtime()?;
        let poller = Poller::new(SocketRoot::Host(host), events.clone(), shared.clone());
        std::thread::Builder::new().name("runtimes".to_owned()).spawn(move || {
            runtime.block_on(poller.run(receiver));
            // A file system that hangs must not hold up the end.
            runtime.shutdown_background();
        })?;
        Ok(MetadataService { events, shared, last: Inventory::default(), number: 0 })
    }

    /// Has this called, on the thread, whenever there is new metadata.
    pub(crate) fn on_change(&self, wake: impl Fn() + Send + 'static) {
        let _ = self.events.send(PollerEvent::Wake(Box::new(wake)));
    }

    /// Tells which containers there are; `processes` has one process of each.
    pub(crate) fn update<'a>(&mut self, node: &Node, processes: impl Iterator<Item = (&'a str, u32)>) {
        let mut inventory = Inventory::default();
        for container in node.netns.values().flat_map(|netns| &netns.containers) {
            let ids: Vec<&String> =
                [&container.id].into_iter().chain(container.parents.iter().map(|c| &c.id)).collect();
            for (i, id) in ids.iter().enumerate() {
                let parents: Vec<String> = ids.iter().skip(i + 1).map(|id| (*id).clone()).collect();
                // Of those that have a name alone several may have the same: who is around all of them may tell.
                let known = inventory.lineages.entry((*id).clone()).or_insert_with(|| parents.clone());
                known.retain(|id| parents.contains(id));
            }
        }
        inventory.processes = processes.map(|(id, pid)| (id.to_owned(), pid)).collect();
        if inventory != self.last {
            self.last = inventory.clone();
            self.number += 1;
            let _ = self.events.send(PollerEvent::Show(self.number, inventory));
        }
    }

    /// Adds to these containers, and to those that they run in, what is known of them now.
    pub(crate) fn apply<'a>(&self, containers: impl Iterator<Item = &'a mut Container>) {
        let known = self.shared.metadata();
        if known.is_empty() {
            return;
        }
        let add = |container: &mut Container| {
            if let Some(metadata) = known.get(&container.id) {
                metadata.apply(container);
            }
        };
        for container in containers {
            add(container);
            container.parents.iter_mut().for_each(add);
        }
    }

    /// Waits, no longer than `at_most`, until every runtime was asked about the last inventory; true if there is
    /// metadata.
    pub(crate) fn wait(&self, at_most: Duration) -> bool {
        self.shared.wait(self.number, at_most)
    }
}

impl Drop for MetadataService {
    fn drop(&mut self) {
        let _ = self.events.send(PollerEvent::Stop);
    }
}

/// Reads the body of a Docker's answer (tests/fuzz).
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn read_docker(body: &[u8]) {
    let known = docker::read(body, crate::model::Runtime::Docker).unwrap_or_default();
    assert!(known.len() <= metadata::MOST_CONTAINERS);
}

/// Reads a message of a CRI's answer (tests/fuzz).
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn read_cri(message: &[u8]) {
    assert!(cri::read_any(message).len() <= 2 * metadata::MOST_CONTAINERS);
}

#[cfg(test)]
mod tests;
