//! The kernel's counters as witnesses: a scenario is proved by them before the tracer is asked.

use std::time::Duration;

use anyhow::{Context, Result};

use crate::lab::mib::Mib;
use crate::lab::netns::NetNs;
use crate::lab::wait;

/// Packets travel in soft interrupts, which may come a little after `sendto`.
const ARRIVAL: Duration = Duration::from_secs(10);

/// The counters of a namespace from a moment on.
#[derive(Debug)]
pub struct Moving<'a> {
    netns: &'a NetNs,
    before: Mib,
}

impl<'a> Moving<'a> {
    /// From now on.
    pub fn start(netns: &'a NetNs) -> Result<Self> {
        Ok(Self { netns, before: Mib::read(netns)? })
    }

    /// What has moved so far.
    pub fn now(&self) -> Result<Mib> {
        Ok(Mib::read(self.netns)?.since(&self.before))
    }

    /// Waits until the counter has moved by `count` at least, and returns by how much it has.
    pub fn reach(&self, counter: &str, count: u64) -> Result<u64> {
        let reached = await_count(counter, count, || Ok(self.now()?.get(counter)));
        reached.with_context(|| format!("moved in {}: {:?}", self.netns.name(), self.now()))
    }
}

/// Waits until a counter of any kind is `count` at least, and returns what it is.
pub fn await_count(what: &str, count: u64, mut read: impl FnMut() -> Result<i64>) -> Result<u64> {
    wait::until(what, ARRIVAL, || {
        let value = u64::try_from(read()?).unwrap_or(0);
        Ok((value >= count).then_some(value))
    })
}
