//! Numbers of the format.

/// Types of blocks.
pub(super) mod kind {
    /// Section Header Block; reads the same in both byte orders.
    pub(in super::super) const SECTION: u32 = 0x0a0d_0d0a;
    /// Interface Description Block.
    pub(in super::super) const INTERFACE: u32 = 1;
    /// Name Resolution Block.
    pub(in super::super) const NAMES: u32 = 4;
    /// Interface Statistics Block.
    pub(in super::super) const STATISTICS: u32 = 5;
    /// Enhanced Packet Block.
    pub(in super::super) const PACKET: u32 = 6;
    /// Ours: types with the top bit set are for local use (section 10.1), and other readers pass over them without counting
    /// them as packets (tshark 4.0, capinfos; Custom Blocks they count).
    pub(in super::super) const LOCAL: u32 = 0x8000_6d74;
}

/// `SHB`'s byte-order magic.
pub(super) const BYTE_ORDER: u32 = 0x1a2b_3c4d;
/// Largest block that is read or written, bytes.
pub(super) const LARGEST: usize = 16 << 20;
