//! Payloads become inputs. They may come from anybody.
use bytes::{Buf, Bytes};
use serde::de::DeserializeOwned;

use super::kind::{Gap, Kind};
use crate::discovery::snapshot::Snapshot;
use crate::recording::head::{FORMAT, Head};
use crate::recording::input::Input;
use crate::recording::state::SnapshotDelta;

/// Why a payload could not be understood.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalError {
    /// It is not what its kind says.
    #[error("a payload of kind {kind} is damaged: {source}")]
    Json {
        /// Its kind.
        kind: u8,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// A record ends before its length says.
    #[error("a kernel record is cut off")]
    Cut,
    /// A later mtutrace wrote it.
    #[error("it has format {0}, and this mtutrace reads up to {FORMAT}: use mtutrace {1} or later")]
    Format(u32, String),
}

/// What a payload says.
#[derive(Debug)]
pub(crate) enum Entry {
    /// The beginning.
    Head(Box<Head>),
    /// Kernel functions: where each begins, and its name.
    Symbols(Vec<(u64, String)>),
    /// The node in full, from where it goes on.
    Base(Box<Snapshot>),
    /// An input.
    Input(Box<Input>),
    /// Something is missing.
    Gap(Gap),
    /// Of a kind that this build does not know.
    Unknown,
}

/// Remembers the last snapshot.
#[derive(Debug, Default)]
pub(crate) struct Decoder {
    last: Snapshot,
}

impl Decoder {
    /// What a payload says.
    ///
    /// # Errors
    /// When it is damaged, or too new.
    pub(crate) fn decode(&mut self, number: u8, payload: Bytes) -> Result<Entry, JournalError> {
        let Some(kind) = Kind::from_number(number) else { return Ok(Entry::Unknown) };
        let input = match kind {
            Kind::Head => return head(&payload),
            Kind::Symbols => return Ok(Entry::Symbols(json(kind, &payload)?)),
            Kind::Gap => return Ok(Entry::Gap(json(kind, &payload)?)),
            Kind::Base => {
                self.last = Snapshot::default();
                return Ok(Entry::Base(Box::new(self.step(json(kind, &payload)?))));
            }
            Kind::Records => Input::Records(records(payload)?),
            Kind::Tick => Input::Tick,
            Kind::Socket => {
                let (socket, reading) = json(kind, &payload)?;
                Input::Socket(socket, reading)
            }
            Kind::Nat => {
                let (query, inner) = json(kind, &payload)?;
                Input::Nat(query, inner)
            }
            Kind::Interval => Input::Interval(json(kind, &payload)?),
            Kind::Snapshot => Input::Snapshot(self.step(json(kind, &payload)?)),
            Kind::LastSnapshot => Input::LastSnapshot(self.step(json(kind, &payload)?)),
            Kind::End => Input::End(json(kind, &payload)?),
        };
        Ok(Entry::Input(Box::new(input)))
    }

    fn step(&mut self, change: SnapshotDelta) -> Snapshot {
        change.apply(&mut self.last);
        self.last.clone()
    }
}

fn head(payload: &[u8]) -> Result<Entry, JournalError> {
    let head: Head = json(Kind::Head, payload)?;
    if head.format > FORMAT || head.format == 0 {
        return Err(JournalError::Format(head.format, head.version));
    }
    Ok(Entry::Head(Box::new(head)))
}

fn json<T: DeserializeOwned>(kind: Kind, payload: &[u8]) -> Result<T, JournalError> {
    serde_json::from_slice(payload).map_err(|source| JournalError::Json { kind: kind as u8, source })
}

fn records(mut payload: Bytes) -> Result<Vec<Bytes>, JournalError> {
    let mut all = Vec::new();
    while !payload.is_empty() {
        let length = usize::from(payload.try_get_u16_le().map_err(|_| JournalError::Cut)?);
        if length > payload.len() {
            return Err(JournalError::Cut);
        }
        all.push(payload.split_to(length));
    }
    Ok(all)
}
