//! Kinds of payloads.
use serde::{Deserialize, Serialize};

/// What a payload is. Numbers are never used for anything else again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// [`crate::recording::head::Head`].
    Head = 1,
    /// Kernel functions: the address that each begins at, and its name.
    Symbols = 2,
    /// Kernel records, each after its length in two bytes (little endian).
    Records = 3,
    /// Nothing but the time.
    Tick = 4,
    /// A socket and the answer about it.
    Socket = 5,
    /// A question about NAT and its answer.
    Nat = 6,
    /// A report is due.
    Interval = 7,
    /// What has changed of the node, of what is traced, or of the kernel's counters.
    Snapshot = 8,
    /// The same at the end.
    LastSnapshot = 9,
    /// The end.
    End = 10,
    /// What could not be written.
    Gap = 11,
    /// The node in full, where a file or a piece of one begins.
    Base = 12,
}

impl Kind {
    const ALL: [Kind; 12] = [
        Kind::Head,
        Kind::Symbols,
        Kind::Records,
        Kind::Tick,
        Kind::Socket,
        Kind::Nat,
        Kind::Interval,
        Kind::Snapshot,
        Kind::LastSnapshot,
        Kind::End,
        Kind::Gap,
        Kind::Base,
    ];

    /// The kind with this number, if this build knows it.
    pub(crate) fn from_number(number: u8) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| *kind as u8 == number)
    }
}

/// What was left out: the recording lacks something from here on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Gap {
    /// Payloads that found no room.
    pub(crate) payloads: u64,
    /// Their bytes.
    pub(crate) bytes: u64,
    /// Kernel records that could not be anonymised.
    #[serde(skip_serializing_if = "is_none")]
    pub(crate) records: u64,
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

impl Gap {
    /// This one and another.
    pub(crate) fn add(&mut self, other: Gap) {
        self.payloads = self.payloads.saturating_add(other.payloads);
        self.bytes = self.bytes.saturating_add(other.bytes);
        self.records = self.records.saturating_add(other.records);
    }

    /// What is missing, in words.
    pub(crate) fn words(&self) -> Vec<String> {
        let Gap { payloads, bytes, records } = self;
        let slow = format!(
            "the recording lacks {payloads} payloads of {bytes} bytes: its disk was too slow or full"
        );
        let unknown = format!(
            "the recording lacks {records} kernel records: they are of kinds that could not be anonymised"
        );
        [(*payloads, slow), (*records, unknown)]
            .into_iter()
            .filter(|(n, _)| *n > 0)
            .map(|(_, words)| words)
            .collect()
    }
}
