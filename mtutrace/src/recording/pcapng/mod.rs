//! pcapng (draft-ietf-opsawg-pcapng), as much of it as a recording needs, written and read here.
//!
//! Of the libraries, pcap-parser 0.17 reads alone; pcap-file 3.0.0-rc1 swaps the halves of statistics' times, knows no
//! `epb_packetid`, and does not say where a file is damaged. Blocks are few and simple; foreign captures are another matter.
mod blocks;
mod body;
mod local;
mod read;
#[cfg(test)]
mod tests;

pub(crate) use blocks::{Packet, Statistics, interface, names, packet, section, statistics};
pub(crate) use local::local;
#[cfg(test)]
use read::Payload;
pub(crate) use read::{ReadError, Reader};

/// Types of blocks.
mod kind {
    /// Section Header Block; reads the same in both byte orders.
    pub(super) const SECTION: u32 = 0x0a0d_0d0a;
    /// Interface Description Block.
    pub(super) const INTERFACE: u32 = 1;
    /// Name Resolution Block.
    pub(super) const NAMES: u32 = 4;
    /// Interface Statistics Block.
    pub(super) const STATISTICS: u32 = 5;
    /// Enhanced Packet Block.
    pub(super) const PACKET: u32 = 6;
    /// Ours: types with the top bit set are for local use (section 10.1), and other readers pass over them without counting
    /// them as packets (tshark 4.0, capinfos; Custom Blocks they count).
    pub(super) const LOCAL: u32 = 0x8000_6d74;
}

/// `SHB`'s byte-order magic.
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
/// Largest block that is read or written, bytes.
const LARGEST: usize = 16 << 20;
