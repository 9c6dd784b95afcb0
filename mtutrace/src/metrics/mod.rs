//! `run --metrics`: what every output shows, as counters and gauges for Prometheus, with mtutrace's own cost.
//!
//! [`store`] adds up the items of a run and is pure, [`expose`] names the figures, [`server`] answers scrapers on a
//! thread of its own, so that none of them can hold up a trace.
pub(crate) mod address;
mod bounded;
mod connections;
mod expose;
mod health;
mod labels;
mod server;
mod shared;
mod store;

use std::sync::Arc;

use crate::output::queue::Backlog;
use crate::output::{Context, Item};
use crate::report::Collector;
pub(crate) use server::ServeError;
use shared::Shared;
pub(crate) use store::OwnMetrics;

/// The metrics of a run.
#[derive(Clone, Debug)]
pub(crate) struct Metrics(Arc<Shared>);

impl Metrics {
    /// Listens on this address and says on stderr where, with a report of now if one is given; answers that it is not ready until [`Metrics::ready`].
    ///
    /// # Errors
    /// When it cannot listen there, or no thread can be made.
    pub(crate) fn serve(
        address: std::net::SocketAddr,
        report: Option<Collector>,
    ) -> Result<Metrics, ServeError> {
        let metrics = Metrics(Arc::new(Shared::with_report(report)));
        server::start(address, Arc::clone(&metrics.0))?;
        Ok(metrics)
    }

    /// Every hook is attached.
    pub(crate) fn ready(&self) {
        self.0.health.set_ready();
    }

    /// The run lives, and this is what its reader has not taken.
    pub(crate) fn heard(&self, now_ns: u64, backlog: Backlog) {
        self.0.health.heard(now_ns, backlog);
    }

    /// Counts what the outputs are shown.
    pub(crate) fn show(&self, item: &Item<'_>, context: &Context<'_>) {
        if let Some(mut report) = self.0.report() {
            report.take(item, context);
        }
        let now_ns = context.clock.now_ns();
        let mut store = self.0.store();
        store.item(item, now_ns);
        if let Item::Event(charged) = item
            && let Some(link) = charged.event.device().and_then(|device| context.node.link(device))
        {
            store.interface(&link.name, charged.event.kind.signal(), now_ns);
        }
    }

    /// Takes in mtutrace's own figures, if those it has are older than a second, and forgets who has long been gone.
    pub(crate) fn tick(&self, context: &Context<'_>, own: impl FnOnce() -> OwnMetrics) {
        self.0.store().tick(context.clock.now_ns(), context.node, own);
    }
}

#[cfg(test)]
mod tests;
