//! A TCP segment, as far as sizes and losses go.

/// Blocks of a SACK: no segment has room for more.
pub(in crate::capture) type Sack = [Option<(u32, u32)>; 4];

/// A segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::capture) struct Tcp {
    pub(in crate::capture) src: u16,
    pub(in crate::capture) dst: u16,
    pub(in crate::capture) seq: u32,
    pub(in crate::capture) ack: Option<u32>,
    pub(in crate::capture) syn: bool,
    pub(in crate::capture) fin: bool,
    pub(in crate::capture) rst: bool,
    /// As it stands there, before any scaling.
    pub(in crate::capture) window: u16,
    /// Bytes of data, as they were on the wire.
    pub(in crate::capture) data: u32,
    /// Bytes of the TCP header's options.
    pub(in crate::capture) options: u32,
    pub(in crate::capture) mss: Option<u16>,
    pub(in crate::capture) timestamp: Option<u32>,
    pub(in crate::capture) sack: Sack,
    /// Whether the checksum is right; nothing where not all of the segment was kept.
    pub(in crate::capture) checksum: Option<bool>,
}
