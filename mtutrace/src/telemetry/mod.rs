//! What mtutrace says of itself: its cost, its clock, what it has attached.
pub(crate) mod clock;
pub(crate) mod cost;
pub(crate) mod machine;
pub(crate) mod memory;
pub(crate) mod status;

pub(crate) use status::TraceStatus;
