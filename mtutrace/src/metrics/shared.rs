//! What the session writes and scrapers read.
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::health::Health;
use super::store::Store;
use crate::report::Collector;

/// The figures of a run, between the session's thread and the server's.
#[derive(Debug, Default)]
pub(super) struct Shared {
    store: Mutex<Store>,
    /// What the probes are told.
    pub(super) health: Health,
    /// What the report of now is made of, if somebody asked for it.
    report: Option<Mutex<Collector>>,
    /// Answers to requests for metrics.
    pub(super) scrapes: AtomicU64,
}

impl Shared {
    /// With a report of now.
    pub(super) fn with_report(report: Option<Collector>) -> Shared {
        Shared { report: report.map(Mutex::new), ..Shared::default() }
    }

    /// What the report of now is made of, locked; nothing if nobody asked for one.
    pub(super) fn report(&self) -> Option<MutexGuard<'_, Collector>> {
        Some(self.report.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The figures, locked.
    pub(super) fn store(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
