//! Inputs become payloads.
use bytes::{BufMut, Bytes};
use serde::Serialize;

use super::kind::Kind;
use crate::discovery::snapshot::Snapshot;
use crate::recording::input::Input;
use crate::recording::state::SnapshotDelta;

/// Remembers the last snapshot: the next one is written as what it changes.
#[derive(Debug, Default)]
pub(crate) struct Encoder {
    last: Snapshot,
}

impl Encoder {
    /// It goes on from this snapshot.
    pub(crate) fn new(last: Snapshot) -> Encoder {
        Encoder { last }
    }

    /// The payload of an input.
    ///
    /// # Errors
    /// When something in it has no form in JSON.
    pub(crate) fn encode(&mut self, input: &Input) -> serde_json::Result<(Kind, Vec<u8>)> {
        Ok(match input {
            Input::Records(all) => (Kind::Records, records(all)),
            Input::Tick => (Kind::Tick, Vec::new()),
            Input::Socket(socket, reading) => (Kind::Socket, json(&(socket, reading))?),
            Input::Nat(query, inner) => (Kind::Nat, json(&(query, inner))?),
            Input::Interval(interval) => (Kind::Interval, json(interval)?),
            Input::Snapshot(snapshot) => (Kind::Snapshot, self.step(snapshot)?),
            Input::LastSnapshot(snapshot) => (Kind::LastSnapshot, self.step(snapshot)?),
            Input::End(ending) => (Kind::End, json(ending)?),
        })
    }

    /// The last snapshot.
    pub(crate) fn last(&self) -> &Snapshot {
        &self.last
    }

    /// The last snapshot in full, for the beginning of another file.
    ///
    /// # Errors
    /// As for [`Encoder::encode`].
    pub(crate) fn whole(&self) -> serde_json::Result<(Kind, Vec<u8>)> {
        Ok((Kind::Base, json(&SnapshotDelta::between(&Snapshot::default(), &self.last))?))
    }

    fn step(&mut self, snapshot: &Snapshot) -> serde_json::Result<Vec<u8>> {
        let change = SnapshotDelta::between(&self.last, snapshot);
        self.last = snapshot.clone();
        json(&change)
    }
}

/// Any other payload as JSON.
///
/// # Errors
/// When it has no form in JSON.
pub(crate) fn json(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(value)
}

/// Records are far shorter than 65,536 bytes (`mtutrace-common`).
fn records(all: &[Bytes]) -> Vec<u8> {
    let mut payload = Vec::with_capacity(all.iter().map(|record| record.len() + 2).sum());
    for record in all {
        if let Ok(length) = u16::try_from(record.len()) {
            payload.put_u16_le(length);
            payload.put_slice(record);
        }
    }
    payload
}
