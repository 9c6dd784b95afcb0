//! What goes wrong with a packet on its way, or is made wrong on purpose.

use fastrand::Rng;

/// Headers are here, as a rule.
const HEADERS: usize = 120;

/// Changes bytes, cuts off the end, or adds to it.
pub(super) fn mutate(random: &mut Rng, packet: &mut Vec<u8>) {
    match random.u8(0..6) {
        0 => packet.truncate(random.usize(..=packet.len())),
        1 => packet.truncate(random.usize(..=packet.len().min(HEADERS))),
        2 => packet.extend((0..random.usize(0..50)).map(|_| random.u8(..))),
        _ => {
            for _ in 0..random.u8(1..4) {
                let within = packet.len().min(HEADERS);
                let Some(byte) = packet.get_mut(random.usize(..within.max(1))) else { return };
                *byte = match random.u8(0..4) {
                    0 => *byte ^ 1 << random.u8(0..8),
                    1 => [0, 1, 0x7f, 0x80, 0xff][random.usize(0..5)],
                    2 => byte.wrapping_add(1),
                    _ => random.u8(..),
                };
            }
        }
    }
}
