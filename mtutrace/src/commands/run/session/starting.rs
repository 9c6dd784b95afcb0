//! Until all that was there at the start is attached to, and the moment when it is.
use std::time::Instant;

use super::super::banner;
use super::super::ready::{Ready, ReadyFile};
use super::super::run_state::RunState;
use super::super::standing;
use super::Session;
use crate::commands::outcome::Failure;
use crate::output::Item;
use crate::telemetry::cost;

impl Session<'_> {
    /// Says how far the start is.
    pub(super) fn starting(&mut self, state: &mut RunState) -> Result<(), Failure> {
        let (attached, wanted) = (state.snapshot.status.interfaces, state.snapshot.wanted);
        if let Some(progress) = &mut self.progress {
            progress.show(attached, wanted);
        }
        self.show(state, &Item::Starting { attached, wanted })
    }

    /// Looks at what stands; whether it is not what was told last. The next status tells it.
    pub(super) fn look_at_standing(&mut self, state: &mut RunState) -> Result<bool, Failure> {
        let changed = state.standing.changed(&state.snapshot.node, &self.options.filter);
        let Some(found) = changed else { return Ok(false) };
        state.problem |= !found.is_empty();
        self.show(state, &Item::Standing(&found))?;
        Ok(true)
    }

    /// Everything is attached: whoever waits for it is told, and the clock starts.
    pub(super) fn ready(&mut self, state: &mut RunState) -> Result<Ready, Failure> {
        self.progress = None;
        let create = |path| ReadyFile::create(path, state.snapshot.status.interfaces);
        let file = self.options.ready_file.as_deref().map(create).transpose()?;
        if let Some(metrics) = &self.metrics {
            metrics.ready();
        }
        if !self.screen {
            banner::print(&state.snapshot.status);
        }
        self.look_at_standing(state)?;
        if let Some(found) = state.standing.known().filter(|_| !self.screen) {
            standing::say(found);
        }
        self.status(state)?;
        state.started = Instant::now();
        state.cpu_before = cost::process().unwrap_or_default().0;
        Ok(Ready { end: self.options.duration.map(|time| tokio::time::Instant::now() + time), _file: file })
    }
}
