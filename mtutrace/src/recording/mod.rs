//! A run as a file: what came to its session, with the packets beside it for whoever reads pcapng.
pub(crate) mod anonymize;
pub(crate) mod file;
pub(crate) mod head;
pub(crate) mod input;
pub(crate) mod journal;
pub(crate) mod packet;
pub(crate) mod pcapng;
pub(crate) mod playback;
pub(crate) mod state;
