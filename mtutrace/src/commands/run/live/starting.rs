//! Until all that was there at the start is attached to, and the moment when it is.
use std::time::Instant;

use super::super::banner;
use super::super::ready::{Ready, ReadyFile};
use super::Live;
use crate::commands::outcome::Failure;
use crate::commands::session;
use crate::telemetry::cost;

impl Live<'_> {
    /// Says on stderr how far the start is.
    pub(super) fn progress(&mut self) {
        let snapshot = &self.session.state.snapshot;
        if let Some(progress) = &mut self.progress {
            progress.show(snapshot.status.interfaces, snapshot.wanted);
        }
    }

    /// Everything is attached: whoever waits for it is told, and the clock starts.
    pub(super) fn ready(&mut self) -> Result<Ready, Failure> {
        self.progress = None;
        let state = &self.session.state;
        let create = |path| ReadyFile::create(path, state.snapshot.status.interfaces);
        let file = self.options.ready_file.as_deref().map(create).transpose()?;
        if let Some(metrics) = &self.session.metrics {
            metrics.ready();
        }
        if !self.screen {
            banner::print(&state.snapshot.status);
            session::say(state.standing.known().unwrap_or_default());
        }
        self.started = Instant::now();
        self.cpu_before = cost::process().unwrap_or_default().0;
        Ok(Ready { end: self.options.duration.map(|time| tokio::time::Instant::now() + time), _file: file })
    }
}
