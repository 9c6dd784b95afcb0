//! Inputs as bytes, and back. A payload is told by its kind; kernel records go as they came, all else as JSON.
mod decode;
mod encode;
mod kind;
#[cfg(test)]
mod tests;

pub(crate) use decode::{Decoder, Entry, JournalError};
pub(crate) use encode::{Encoder, json};
pub(crate) use kind::{Gap, Kind};
