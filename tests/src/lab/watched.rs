//! What a tracer watches and holds, and the wait until it is again what it was.

use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use super::leaks::Held;
use super::memory::Memory;
use super::tracer::Tracer;
use super::wait;

/// How long it takes at most until a tracer has let go of what is gone.
const SOON: Duration = Duration::from_secs(20);

/// What a tracer says that it watches, and what it holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Watched {
    /// `namespaces`, `containers`, `interfaces` of its status.
    counts: [Option<u64>; 3],
    held: Held,
    /// Descriptors.
    files: usize,
}

impl Watched {
    /// By a tracer that has just started: waits for its first status.
    pub fn first(tracer: &mut Tracer) -> Result<Self> {
        let status = tracer.wait_for("the first status", SOON, |line| line["kind"] == "status")?;
        Self::by(tracer, &status)
    }

    fn by(tracer: &Tracer, status: &Value) -> Result<Self> {
        let folder = format!("/proc/{}/fd", tracer.pid());
        let files = std::fs::read_dir(&folder).context(folder)?.count();
        let counts = ["namespaces", "containers", "interfaces"].map(|name| status[name].as_u64());
        Ok(Self { counts, held: Held::by(tracer.pid())?, files })
    }

    /// Waits until it watches and holds this again, and gives its resident bytes then. Reads the tracer's lines meanwhile.
    pub fn settle(&self, tracer: &mut Tracer) -> Result<u64> {
        let (mut last, mut now) = (Value::Null, None);
        let settled = wait::until("what is gone to be let go", SOON, || {
            while let Some(line) = tracer.next_line(Duration::from_millis(1)) {
                let line = serde_json::from_str::<Value>(&line)?;
                if line["kind"] == "status" {
                    last = line;
                }
            }
            now = Some(Self::by(tracer, &last)?);
            Ok((now.as_ref() == Some(self)).then_some(()))
        });
        settled.with_context(|| format!("{self:?} became {now:?}"))?;
        Ok(Memory::of(tracer.pid())?.resident)
    }
}
