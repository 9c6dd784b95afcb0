//! How much of the map is shown.

/// How much of the map the text shows; JSON has all of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum View {
    /// What is wrong, and the tree, in which equal siblings with nothing wrong are one row.
    #[default]
    Folded,
    /// What is wrong, each container of it, and a row for every namespace.
    All,
    /// What is wrong alone, each container of it.
    Problems,
}
