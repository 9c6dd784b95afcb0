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
                let mapped = self.bits(bits, kept_v4(ip), 32, 4) >> 96;
                IpAddr::V4(Ipv4Addr::from(u32::try_from(mapped).unwrap_or_default()))
            }
            IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from(self.bits(u128::from(ip), kept_v6(ip), 128, 6))),
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

    /// Flips each bit, or not, by what stands before it.
    fn bits(&self, bits: u128, kept: u32, all: u32, family: u8) -> u128 {
        (kept..all).fold(bits, |mapped, at| {
            let before = bits.checked_shr(128 - at).unwrap_or(0);
            let flip = u128::from(self.hash((family, at, before)) & 1);
            mapped ^ (flip << (127 - at))
        })
    }
}

/// Bits of the beginning that stay.
fn kept_v4(ip: Ipv4Addr) -> u32 {
    match ip.octets() {
        // Of no use to anybody, and known by what they are: unspecified, loopback, link-local, multicast, broadcast.
        [0 | 127 | 224.., ..] | [169, 254, ..] => 32,
        [172, second, ..] if second & 0xf0 == 16 => 12,
        [192, 168, ..] => 16,
        [100, second, ..] if second & 0xc0 == 64 => 10,
        _ => 8,
    }
}

fn kept_v6(ip: Ipv6Addr) -> u32 {
    if ip.is_unspecified() || ip.is_loopback() || ip.is_multicast() {
        return 128;
    }
    match ip.segments() {
        // The network of link-local addresses is the same everywhere (RFC 4291 §2.5.6).
        [first, ..] if first & 0xffc0 == 0xfe80 => 64,
        _ => 16,
    }
}
