//! Addresses: two that share a prefix still share one of the same length, so that routes lead where they led (as Crypto-PAn does).
//! What kind of address it is stays: the first octet of IPv4, the first two of IPv6, and the prefixes of reserved ranges.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::Anonymizer;

impl Anonymizer {
    /// Another address in the place of this one.
    pub(super) fn address(&self, ip: IpAddr) -> IpAddr {
        match ip {
            IpAddr::V4(ip) => {
                let bits = u128::from(u32::from(ip)) << 96;
                let mapped = self.bits(bits, &RESERVED_V4, 8, 32, 4) >> 96;
                IpAddr::V4(Ipv4Addr::from(u32::try_from(mapped).unwrap_or_default()))
            }
            IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from(self.bits(u128::from(ip), &RESERVED_V6, 16, 128, 6))),
        }
    }

    /// The same of a network: what is beyond its prefix stays 0.
    pub(super) fn network(&self, ip: IpAddr, prefix: u8) -> IpAddr {
        match self.address(ip) {
            IpAddr::V4(mapped) => {
                let mask = u32::MAX.checked_shl(32u32.saturating_sub(prefix.into())).unwrap_or(0);
                IpAddr::V4(Ipv4Addr::from(u32::from(mapped) & mask))
            }
            IpAddr::V6(mapped) => {
                let mask = u128::MAX.checked_shl(128u32.saturating_sub(prefix.into())).unwrap_or(0);
                IpAddr::V6(Ipv6Addr::from(u128::from(mapped) & mask))
            }
        }
    }

    /// Flips each bit, or not, by what stands before it and by nothing else: so prefixes stay as long as they are.
    fn bits(&self, bits: u128, reserved: &[Reserved], first: u32, all: u32, family: u8) -> u128 {
        (first..all).filter(|at| !reserved.iter().any(|range| range.holds(bits, *at))).fold(
            bits,
            |mapped, at| {
                let before = bits.checked_shr(128 - at).unwrap_or(0);
                let flip = u128::from(self.hash((family, at, before)) & 1);
                mapped ^ (flip << (127 - at))
            },
        )
    }
}

/// A range that is known by its beginning.
struct Reserved {
    /// Its first address; the bits of IPv4 come first.
    start: u128,
    /// Bits of its prefix.
    length: u32,
    /// Bits of an address in it that stay.
    kept: u32,
}

impl Reserved {
    /// Of IPv4.
    const fn v4(octets: [u8; 4], length: u32, kept: u32) -> Reserved {
        Reserved { start: (u32::from_be_bytes(octets) as u128) << 96, length, kept }
    }

    /// Of IPv6, by the segments that are not 0, each with its place.
    const fn v6(segment: (u32, u16), length: u32, kept: u32) -> Reserved {
        Reserved { start: (segment.1 as u128) << (112 - 16 * segment.0), length, kept }
    }

    /// Whether the bit at `at` stays: it is one by which an address is told from those of the range, or one of those that stay
    /// in it. An address beside the range must not fall into it either.
    fn holds(&self, bits: u128, at: u32) -> bool {
        let shared = (bits ^ self.start).leading_zeros();
        if at < self.length { shared >= at } else { at < self.kept && shared >= self.length }
    }
}

/// The first octet stays anyway, and with it 10/8. Of no use to anybody, and known by what they are: unspecified, loopback,
/// link-local, multicast, broadcast.
const RESERVED_V4: [Reserved; 7] = [
    Reserved::v4([0, 0, 0, 0], 8, 32),
    Reserved::v4([127, 0, 0, 0], 8, 32),
    Reserved::v4([224, 0, 0, 0], 3, 32),
    Reserved::v4([169, 254, 0, 0], 16, 32),
    Reserved::v4([172, 16, 0, 0], 12, 12),
    Reserved::v4([192, 168, 0, 0], 16, 16),
    Reserved::v4([100, 64, 0, 0], 10, 10),
];

/// The first segment stays anyway. The network of link-local addresses is the same everywhere (RFC 4291 §2.5.6).
const RESERVED_V6: [Reserved; 5] = [
    // Unspecified and loopback.
    Reserved::v6((0, 0), 127, 128),
    Reserved::v6((0, 0xff00), 8, 128),
    Reserved::v6((0, 0xfe80), 10, 64),
    // IPv4 as IPv6 has it (RFC 4291 §2.5.5.2), and by NAT64 (RFC 6052).
    Reserved::v6((5, 0xffff), 96, 96),
    Reserved { start: 0x0064_ff9b << 96, length: 96, kept: 96 },
];
