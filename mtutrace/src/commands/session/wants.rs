//! What a session wants of the world when it has taken an input.
use crate::model::{NatQuery, SocketId};

/// What it wants.
#[derive(Debug, Default)]
pub(crate) struct Wants {
    /// Questions about NAT.
    pub(crate) nat: Vec<NatQuery>,
    /// Sockets that the kernel is to be asked about.
    pub(crate) sockets: Vec<SocketId>,
    /// All that was there at the start is attached to: told once.
    pub(crate) ready: bool,
}
