//! Debian's packages: this machine's own, and those of any suite.

pub(crate) mod apt;
pub(crate) mod debian;
mod unpack;
