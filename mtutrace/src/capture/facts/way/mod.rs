//! One way of a connection: what was sent, how large it was, and what of it was acknowledged.

mod acknowledged;
mod judged;
mod sent;
mod sighted;
mod state;

pub(super) use acknowledged::Acknowledgement;
pub(in crate::capture) use judged::Stall;
pub(in crate::capture) use state::Way;
