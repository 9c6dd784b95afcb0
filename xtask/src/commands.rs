//! Commands that are a few lines each.

pub(crate) mod accuracy;
pub(crate) mod demo;
pub(crate) mod run;
pub(crate) mod screenshot;
