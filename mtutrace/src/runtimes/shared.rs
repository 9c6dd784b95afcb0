//! What the thread that asks the runtimes shows the other threads.
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::metadata::Metadata;

/// The metadata so far, and a way to wait for it.
#[derive(Default)]
pub(super) struct Shared {
    published: Mutex<Published>,
    changed: Condvar,
}

#[derive(Default)]
struct Published {
    /// Number of the newest inventory that was taken in.
    inventory: u64,
    /// No runtime is being asked.
    idle: bool,
    /// By full id of the container.
    metadata: Arc<BTreeMap<String, Metadata>>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Published> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The metadata that is known now, by full id of the container.
    pub(super) fn metadata(&self) -> Arc<BTreeMap<String, Metadata>> {
        self.lock().metadata.clone()
    }

    /// Whether no runtime is being asked.
    #[cfg(test)]
    pub(super) fn is_idle(&self) -> bool {
        self.lock().idle
    }

    /// Replaces what is shown, and wakes who waits.
    pub(super) fn publish(&self, inventory: u64, idle: bool, metadata: BTreeMap<String, Metadata>) {
        let mut published = self.lock();
        (published.inventory, published.idle) = (inventory, idle);
        if *published.metadata != metadata {
            published.metadata = Arc::new(metadata);
        }
        drop(published);
        self.changed.notify_all();
    }

    /// Waits, no longer than `at_most`, until every runtime was asked about this inventory; true if there is metadata.
    pub(super) fn wait(&self, inventory: u64, at_most: Duration) -> bool {
        let open = |published: &mut Published| published.inventory < inventory || !published.idle;
        let waited = self.changed.wait_timeout_while(self.lock(), at_most, open);
        let (published, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !published.metadata.is_empty()
    }
}
