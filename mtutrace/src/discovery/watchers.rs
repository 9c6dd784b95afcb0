//! One task a namespace that waits for its rtnetlink socket, and tells the reconciler.
use std::collections::HashMap;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::mpsc::Sender;

use tokio::io::unix::AsyncFd;
use tokio::task::JoinHandle;

use crate::discovery::reconciler::{Command, Update};
use crate::model::NetnsId;
use crate::topology::watch::drain;

/// The tasks.
#[derive(Default)]
pub(crate) struct Watchers {
    tasks: HashMap<NetnsId, JoinHandle<()>>,
}

impl Watchers {
    /// Starts or ends a task.
    pub(crate) fn apply(&mut self, update: Update, commands: &Sender<Command>) {
        match update {
            Update::Watch(netns, fd) => {
                let task = tokio::spawn(watch(netns, fd, commands.clone()));
                if let Some(old) = self.tasks.insert(netns, task) {
                    old.abort();
                }
            }
            Update::Gone(netns) => {
                if let Some(task) = self.tasks.remove(&netns) {
                    task.abort();
                }
            }
        }
    }
}

impl Drop for Watchers {
    fn drop(&mut self) {
        self.tasks.values().for_each(JoinHandle::abort);
    }
}

async fn watch(netns: NetnsId, fd: OwnedFd, commands: Sender<Command>) {
    // SAFETY: an OwnedFd keeps its descriptor, open, until it is dropped.
    let Ok(fd) = (unsafe { AsyncFd::register(fd) }) else { return };
    while let Ok(mut guard) = fd.readable().await {
        guard.clear_ready();
        match drain(fd.get_ref().as_fd()) {
            Ok(true) if commands.send(Command::Dirty(netns)).is_err() => return,
            Ok(_) => {}
            Err(e) => return tracing::debug!("no more updates of netns {netns}: {e}"),
        }
    }
}
