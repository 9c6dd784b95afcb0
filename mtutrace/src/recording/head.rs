//! What a recording says of itself and of the machine that it is from.
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::filter::Filter;

/// The format that this build writes. It reads this one and older ones; a change that an older build would misread is a
/// new format, one that it may skip is not.
pub(crate) const FORMAT: u32 = 1;

/// The first thing in a recording.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Head {
    /// Number of the format.
    pub(crate) format: u32,
    /// The mtutrace that made it.
    pub(crate) version: String,
    /// The kernel's release (`uname -r`).
    pub(crate) kernel: String,
    /// The machine's name.
    pub(crate) host: String,
    /// What the wall clock was ahead of CLOCK_MONOTONIC, nanoseconds.
    pub(crate) clock_offset_ns: i64,
    /// When it begins, CLOCK_MONOTONIC nanoseconds.
    pub(crate) start_ns: u64,
    /// What the run showed; the recording holds all.
    pub(crate) filter: Filter,
    /// Drop reasons by number.
    pub(crate) reasons: BTreeMap<u32, String>,
    /// Whether addresses and names are others than they were.
    pub(crate) anonymized: bool,
    /// Whether it is what a flight recorder still had: it does not begin with the run.
    pub(crate) excerpt: bool,
}
