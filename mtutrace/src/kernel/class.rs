//! Kinds of devices, as far as classifiers differ.

/// Which of a hook's classifiers a device gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// It has Ethernet headers, and is the host's.
    Host,
    /// It has Ethernet headers, and is in another namespace.
    Nested,
    /// It has none.
    Bare,
}
