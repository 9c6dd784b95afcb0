//! What mtutrace says of itself: its cost, its clock, what it has attached.
pub mod clock;
pub mod cost;
pub mod status;

pub use status::TraceStatus;
