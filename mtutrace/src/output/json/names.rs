//! Names for numbers.

/// A code location.
pub(super) fn place((symbol, offset): (&str, u64)) -> String {
    format!("{symbol}+{offset:#x}")
}

/// An IP protocol; its number where it has no common name.
pub(crate) fn protocol(number: u8) -> String {
    match number {
        1 => "icmp".to_owned(),
        6 => "tcp".to_owned(),
        17 => "udp".to_owned(),
        58 => "icmpv6".to_owned(),
        132 => "sctp".to_owned(),
        _ => number.to_string(),
    }
}
