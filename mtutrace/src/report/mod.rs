//! The page that ends the argument: what happened, to whom, whose MTU is wrong, and what fixes it; of a recording, or of now.
//!
//! [`collect`] listens to a session as any output does, [`incident`] is what it has found as plain data, and everything that
//! is written is written of that alone: the same inputs give the same bytes.
pub(crate) mod collect;
pub(crate) mod compare;
pub(crate) mod foreign;
pub(crate) mod html;
pub(crate) mod incident;
pub(crate) mod markdown;
mod svg;
mod words;

pub(crate) use collect::Collector;
pub(crate) use incident::Incident;
