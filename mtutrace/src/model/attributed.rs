//! An event with the namespace and container that it is attributed to.
use super::{Container, Event, NetnsId};

/// An event and whose it is.
#[derive(Clone, Debug)]
pub(crate) struct AttributedEvent {
    /// The event.
    pub(crate) event: Event,
    /// The namespace it is attributed to, where that could be told.
    pub(crate) owner: Option<NetnsId>,
    /// The container of that namespace.
    pub(crate) container: Option<Container>,
}
