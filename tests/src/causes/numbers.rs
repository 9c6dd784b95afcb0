//! Numbers that nobody could have written into the tracer.

use crate::lab::cgroup::random_id;

fn random(from: u32, to: u32) -> u32 {
    let digits = random_id().unwrap_or_default();
    let number = digits.get(..8).and_then(|digits| u32::from_str_radix(digits, 16).ok());
    from + number.unwrap_or(0) % (to - from + 1)
}

/// How many packets a scenario sends.
pub fn packets() -> u64 {
    random(5, 20).into()
}

/// An MTU smaller than Ethernet's by enough that a packet of 1500 bytes passes nowhere, and large enough for IPv6.
pub fn small_mtu() -> u32 {
    random(1300, 1440)
}
