//! One drawn case: a frame, and what the kernel says of its segments.

use fastrand::Rng;

use super::{ip, mutate};

/// Bytes of an Ethernet header.
pub const ETHERNET: usize = 14;
/// BPF_PROG_TEST_RUN takes a frame that fits into one page beside the kernel's own.
const LONGEST: usize = 3000;

/// What a program is run with.
#[derive(Debug, Clone)]
pub struct Case {
    /// The frame, from its Ethernet header on; for devices without, the IP packet.
    pub frame: Vec<u8>,
    /// `gso_size`: bytes of payload in a segment, 0 for an ordinary packet.
    pub gso_size: u16,
    /// `gso_segs`.
    pub gso_segments: u16,
}

/// A case for devices with Ethernet headers, or for those without.
pub fn case(random: &mut Rng, ethernet: bool) -> Case {
    let version = if random.bool() { 4 } else { 6 };
    let mut packet = ip::any(random, version, 0);
    if random.u8(0..3) == 0 {
        mutate::mutate(random, &mut packet);
    }
    let protocol = match random.u8(0..30) {
        0 => random.u16(..),
        1 => {
            if version == 4 {
                0x86dd
            } else {
                0x0800
            }
        }
        _ => {
            if version == 4 {
                0x0800u16
            } else {
                0x86dd
            }
        }
    };
    let mut frame = if ethernet { vec![0; ETHERNET] } else { Vec::new() };
    frame.extend(packet);
    frame.truncate(LONGEST);
    // The kernel takes a frame by its first 14 bytes. Where those are of the IP packet, the first address has the protocol.
    frame.resize(frame.len().max(ETHERNET + 1), 0);
    frame[12..14].copy_from_slice(&protocol.to_be_bytes());
    let gso = random.u8(0..10) == 0;
    let size =
        if gso { [1, 500, 1230, 1240, 1248, 1260, 1400, 9000, 0xffff, random.u16(1..)] } else { [0; 10] };
    let gso_segments = if gso { random.u16(0..50) } else { 0 };
    Case { frame, gso_size: size[random.usize(0..10)], gso_segments }
}
