//! What the session writes and scrapers read.
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::health::Health;
use super::store::Store;

/// The figures of a run, between the session's thread and the server's.
#[derive(Debug, Default)]
pub(super) struct Shared {
    store: Mutex<Store>,
    /// What the probes are told.
    pub(super) health: Health,
    /// Answers to requests for metrics.
    pub(super) scrapes: AtomicU64,
}

impl Shared {
    /// The figures, locked.
    pub(super) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
