//! Numbers, ends and places in words.

use std::net::SocketAddr;

use jiff::Timestamp;

use crate::capture::facts::Connection;
use crate::capture::packet::Place;
use crate::capture::read::Source;

/// `1,448`.
pub(super) fn number(value: impl Into<u64>) -> String {
    let digits = value.into().to_string();
    let mut text = String::with_capacity(digits.len() * 4 / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `3 retransmissions`, `1 retransmission`.
pub(super) fn count(value: u64, what: &str) -> String {
    format!("{} {what}{}", number(value), if value == 1 { "" } else { "s" })
}

pub(super) fn flow(src: SocketAddr, dst: SocketAddr) -> String {
    format!("{src} → {dst}")
}

/// Under which addresses else the connection was seen.
pub(super) fn also(connection: &Connection) -> Option<String> {
    connection.also.map(|(a, b)| format!("{a} ↔ {b}"))
}

/// Where packets were seen.
pub(super) fn place(place: Place, source: &Source) -> String {
    let interface = source.interfaces.get(place.interface);
    let name = interface.and_then(|interface| interface.name.clone());
    let mut text = match (place.ifindex, name) {
        (0, Some(name)) => name,
        (0, None) => format!("interface {}", place.interface),
        (ifindex, _) => format!("the device with index {ifindex}"),
    };
    match place.outgoing {
        Some(true) => text.push_str(" (out)"),
        Some(false) => text.push_str(" (in)"),
        None => {}
    }
    if place.depth > 0 {
        text.push_str(", inside a tunnel");
    }
    text
}

/// RFC 3339.
pub(super) fn time(ns: u64) -> Option<String> {
    Timestamp::from_nanosecond(i128::from(ns)).ok().map(|time| time.to_string())
}

/// Seconds, to the millisecond.
pub(super) fn seconds(ns: u64) -> f64 {
    (ns / 1_000_000) as f64 / 1000.0
}
