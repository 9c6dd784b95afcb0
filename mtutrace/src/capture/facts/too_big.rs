//! What routers said about packets that were too big, and whether the sender heeded it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::capture::packet::{Packet, Place, TooBig};

const TOLD: usize = 1024;
/// What was under way when the message was sent may still come by.
const GRACE_NS: u64 = 500_000_000;

/// What one router said about one path. Sizes are bytes from the IP header on.
#[derive(Debug, Clone)]
pub(in crate::capture) struct Told {
    place: Place,
    /// The last one that it named.
    pub(in crate::capture) mtu: u32,
    pub(in crate::capture) times: u64,
    pub(in crate::capture) first_ns: u64,
    pub(in crate::capture) last_ns: u64,
    /// IP protocol of the packets that it is about, and the largest of them.
    pub(in crate::capture) protocol: u8,
    pub(in crate::capture) quoted: u32,
    /// Packets to there that came half a second later or more: those that were larger all the same, and those that fit.
    pub(in crate::capture) larger: u64,
    pub(in crate::capture) largest: u32,
    pub(in crate::capture) fitting: u64,
    /// The largest of those that fit.
    pub(in crate::capture) largest_fitting: u32,
}

/// By source, destination and router.
#[derive(Debug, Default)]
pub(in crate::capture) struct TooBigs {
    told: BTreeMap<(IpAddr, IpAddr, IpAddr), Told>,
    /// Messages that found no room, and that quote no packet.
    pub(in crate::capture) left_out: u64,
    pub(in crate::capture) without_packet: u64,
}

impl TooBigs {
    /// Each with source, destination and router.
    pub(in crate::capture) fn iter(&self) -> impl Iterator<Item = (&(IpAddr, IpAddr, IpAddr), &Told)> {
        self.told.iter()
    }

    /// What was told about a path.
    pub(in crate::capture) fn about(
        &self,
        src: IpAddr,
        dst: IpAddr,
    ) -> impl Iterator<Item = (IpAddr, &Told)> {
        let all =
            (src, dst, Ipv4Addr::UNSPECIFIED.into())..=(src, dst, Ipv6Addr::from_bits(u128::MAX).into());
        self.told.range(all).map(|((_, _, router), told)| (*router, told))
    }

    pub(super) fn told(&mut self, packet: &Packet, said: TooBig) {
        let Some(quoted) = said.quoted else {
            self.without_packet += 1;
            return;
        };
        let key = (quoted.src, quoted.dst, packet.src);
        if !self.told.contains_key(&key) && self.told.len() >= TOLD {
            self.left_out += 1;
            return;
        }
        let told = self.told.entry(key).or_insert_with(|| Told {
            place: packet.place,
            mtu: said.mtu,
            times: 0,
            first_ns: packet.time_ns,
            last_ns: packet.time_ns,
            protocol: quoted.protocol,
            quoted: 0,
            larger: 0,
            largest: 0,
            fitting: 0,
            largest_fitting: 0,
        });
        // The same message at the next device.
        if told.place != packet.place {
            return;
        }
        told.times += 1;
        told.mtu = said.mtu;
        told.last_ns = told.last_ns.max(packet.time_ns);
        told.quoted = told.quoted.max(quoted.length);
    }

    /// A packet that its path has counted; `single` if the wire has it as one.
    pub(super) fn sent(&mut self, packet: &Packet, single: bool) {
        let (src, dst) = (packet.src, packet.dst);
        let all =
            (src, dst, Ipv4Addr::UNSPECIFIED.into())..=(src, dst, Ipv6Addr::from_bits(u128::MAX).into());
        for (_, told) in self.told.range_mut(all).filter(|(_, told)| told.protocol == packet.protocol) {
            if !single || packet.time_ns.saturating_sub(told.first_ns) < GRACE_NS {
                continue;
            }
            if packet.length > told.mtu {
                told.larger += 1;
                told.largest = told.largest.max(packet.length);
            } else {
                told.fitting += 1;
                told.largest_fitting = told.largest_fitting.max(packet.length);
            }
        }
    }
}
