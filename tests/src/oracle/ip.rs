//! Drawn IP packets: options, extension headers, fragments.

use fastrand::Rng;

use super::{address, transport};

/// Extension headers of IPv6 (RFC 8200 §4).
const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const FRAGMENT: u8 = 44;
const DESTINATION: u8 = 60;

/// Quotes within quotes.
const DEEPEST: u8 = 2;

/// A packet of that version; `deep` counts the quotes around it.
pub(super) fn any(random: &mut Rng, version: u8, deep: u8) -> Vec<u8> {
    let quote = |random: &mut Rng, version: u8| {
        if deep < DEEPEST { any(random, version, deep + 1) } else { Vec::new() }
    };
    let (protocol, inside) = transport::any(random, version, &quote);
    if version == 4 { v4(random, protocol, &inside) } else { v6(random, protocol, inside) }
}

fn v4(random: &mut Rng, protocol: u8, inside: &[u8]) -> Vec<u8> {
    let options = if random.u8(0..4) == 0 { random.usize(0..11) } else { 0 };
    let mut packet = vec![0x45 + options as u8, random.u8(..)];
    packet.extend((20 + options as u16 * 4 + inside.len() as u16).to_be_bytes());
    packet.extend(random.u16(..).to_be_bytes());
    let fragment = match random.u8(0..8) {
        0 => 0x2000,
        1 => 0x2000 | random.u16(0..0x2000),
        2 => random.u16(..),
        3..6 => 0x4000,
        _ => 0,
    };
    packet.extend(fragment.to_be_bytes());
    packet.extend([64, protocol, 0, 0]);
    packet.extend([address::v4(random), address::v4(random)].concat());
    packet.extend((0..options * 4).map(|_| random.u8(..)));
    packet.extend(inside);
    packet
}

fn v6(random: &mut Rng, protocol: u8, mut inside: Vec<u8>) -> Vec<u8> {
    let mut next = protocol;
    for _ in 0..[0, 0, 0, 1, 1, 2][random.usize(0..6)] {
        let kind = [FRAGMENT, FRAGMENT, FRAGMENT, HOP_BY_HOP, ROUTING, DESTINATION][random.usize(0..6)];
        let mut header = random.u64(..).to_be_bytes();
        header[0] = next;
        if kind == FRAGMENT {
            let offset = [0, 1, 1, random.u16(..)][random.usize(0..4)];
            header[2..4].copy_from_slice(&offset.to_be_bytes());
        } else {
            header[1] = 0;
        }
        inside = [&header[..], &inside].concat();
        next = kind;
    }
    let mut packet = (0x6000_0000 | random.u32(0..1 << 28)).to_be_bytes().to_vec();
    packet.extend((inside.len() as u16).to_be_bytes());
    packet.extend([next, 64]);
    packet.extend([address::v6(random), address::v6(random)].concat());
    packet.extend(inside);
    packet
}
