//! What reading gives: frames, and what the file says beside them.

use super::interface::Interface;

/// One packet as it was captured.
#[derive(Debug, Clone, Copy)]
pub(in crate::capture) struct Frame<'a> {
    /// Nanoseconds since 1970, as the file says.
    pub(in crate::capture) time_ns: u64,
    /// Number of the interface in the file.
    pub(in crate::capture) interface: usize,
    /// LINKTYPE of tcpdump.org.
    pub(in crate::capture) link: u16,
    /// Bytes that it had on the wire.
    pub(in crate::capture) length: u32,
    /// Those that were kept.
    pub(in crate::capture) bytes: &'a [u8],
}

/// What the file says beside its packets.
#[derive(Debug, Default)]
pub(in crate::capture) struct Source {
    /// "pcap" or "pcapng".
    pub(in crate::capture) format: &'static str,
    pub(in crate::capture) interfaces: Vec<Interface>,
    /// Packets of interfaces that the file does not describe.
    pub(in crate::capture) without_interface: u64,
    /// Blocks that are larger than any packet may be.
    pub(in crate::capture) blocks_too_large: u64,
    /// Where and how reading ended before the end.
    pub(in crate::capture) damage: Option<String>,
}
