//! pcapng (draft-ietf-opsawg-pcapng), as much of it as a recording needs, written and read here.
//!
//! Of the libraries, pcap-parser 0.17 reads alone; pcap-file 3.0.0-rc1 swaps the halves of statistics' times, knows no
//! `epb_packetid`, and does not say where a file is damaged. Blocks are few and simple; foreign captures are another matter.
mod blocks;
mod body;
mod local;
mod numbers;
mod read;
#[cfg(test)]
mod tests;

pub(crate) use blocks::{Packet, Statistics, interface, names, packet, section, statistics};
pub(crate) use local::local;
#[cfg(test)]
use read::Payload;
pub(crate) use read::{ReadError, Reader};
