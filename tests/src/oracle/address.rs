//! The addresses that drawn packets have: few, so that look-ups differ for a reason.

use fastrand::Rng;

/// What the route with the small MTU leads to (RFC 5737, RFC 3849).
pub(super) const ROUTED4: [u8; 3] = [198, 51, 100];
/// Likewise for IPv6: the first 6 bytes of a /48.
pub(super) const ROUTED6: [u8; 6] = [0x20, 0x01, 0x0d, 0xb8, 0, 1];

/// An IPv4 address.
pub(super) fn v4(random: &mut Rng) -> [u8; 4] {
    match random.u8(0..8) {
        0..5 => [ROUTED4[0], ROUTED4[1], ROUTED4[2], random.u8(..)],
        5 => [127, 0, 0, 1],
        6 => [224, 0, 0, random.u8(..)],
        _ => random.u32(..).to_be_bytes(),
    }
}

/// An IPv6 address.
pub(super) fn v6(random: &mut Rng) -> [u8; 16] {
    let mut address = random.u128(..).to_be_bytes();
    match random.u8(0..8) {
        0..5 => address[..6].copy_from_slice(&ROUTED6),
        5 => address = std::net::Ipv6Addr::LOCALHOST.octets(),
        6 => address[..2].copy_from_slice(&[0xfe, 0x80]),
        _ => {}
    }
    address
}
