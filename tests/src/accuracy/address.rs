//! Addresses of a chain: every network has both families.

use crate::lab::routed::Family;

/// The host number of whoever routes for a network.
pub(super) const GATEWAY: usize = 1;

/// A place in one of a case's networks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seat {
    /// Which network.
    pub(super) network: usize,
    /// Which host there, 1 to 254.
    pub(super) host: usize,
}

impl Seat {
    pub(super) fn gateway(self) -> Self {
        Self { host: GATEWAY, ..self }
    }

    pub(super) fn address(self, family: Family) -> String {
        match family {
            Family::V4 => format!("10.{}.0.{}", 40 + self.network, self.host),
            Family::V6 => format!("2001:db8:{:x}::{:x}", 40 + self.network, self.host),
        }
    }

    /// As it stands in a URL.
    pub(super) fn url_host(self, family: Family) -> String {
        match family {
            Family::V4 => self.address(family),
            Family::V6 => format!("[{}]", self.address(family)),
        }
    }

    /// The address with its network's length, as `ip address add` takes it.
    pub(super) fn with_bits(self, family: Family) -> String {
        let bits = match family {
            Family::V4 => 24,
            Family::V6 => 64,
        };
        format!("{}/{bits}", self.address(family))
    }

    /// The network, as `ip route add` takes it.
    pub(super) fn subnet(self, family: Family) -> String {
        Self { host: 0, ..self }.with_bits(family)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_families() {
        let seat = Seat { network: 2, host: 100 };
        assert_eq!(seat.with_bits(Family::V4), "10.42.0.100/24");
        assert_eq!(seat.gateway().url_host(Family::V6), "[2001:db8:2a::1]");
        assert_eq!(seat.subnet(Family::V6), "2001:db8:2a::0/64");
    }
}
