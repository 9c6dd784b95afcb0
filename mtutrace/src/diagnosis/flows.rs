//! One flow, many addresses: NAT renames a connection at each level of nesting, but keeps what its SYN is known by.
use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

use crate::model::{Flow, NetnsId};

/// Most connections that are remembered; the oldest go first.
const CAPACITY: usize = 32_768;

/// Most places of one connection: two for each device of a path of 16 hops.
const SIGHTINGS: usize = 32;

/// The same initial sequence number after this long belongs to another connection (RFC 9293 §3.4.1: the ISN
/// clock goes round in 4.55 hours, SYN retries end after about two minutes).
const SAME_SYN_NS: u64 = 180_000_000_000;

/// What NAT keeps of a SYN: its sequence number, and IPv4's identification or IPv6's flow label.
///
/// The number alone does not do: the kernel makes it from addresses, ports and a clock of 64 ns (`secure_tcp_seq`), without
/// the namespace, and containers on different bridges have the same addresses.
pub(crate) type SynId = (u32, u32);

/// A connection's SYN at one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SynObservation {
    /// CLOCK_MONOTONIC, nanoseconds.
    pub(crate) time_ns: u64,
    /// Namespace of the device.
    pub(crate) netns: NetnsId,
    /// Device.
    pub(crate) ifindex: u32,
    /// Leaving the device.
    pub(crate) egress: bool,
    /// Namespace of the device's other end, if it has one: nothing between the two renames a flow, so that the
    /// stack there knows the connection by the same name, whether or not a device of its own is watched.
    pub(crate) peer: Option<NetnsId>,
    /// The connection's name here, client first.
    pub(crate) flow: Flow,
    /// MSS that the SYN offers here (a router on the way may have clamped it).
    pub(crate) mss: Option<u32>,
    /// Somebody may have forged it: nobody can tell who sent it.
    pub(crate) forged: bool,
}

/// A SYN or a SYN-ACK on its way: what one side promises to take.
#[derive(Clone, Debug, Default)]
pub(crate) struct AdvertisedMss {
    first: Option<SynObservation>,
    last: Option<SynObservation>,
    /// Where it was seen, as hashes.
    places: Vec<u64>,
    judged: bool,
}

impl AdvertisedMss {
    /// Where it was seen first: nearest to who sent it.
    pub(crate) fn first(&self) -> Option<&SynObservation> {
        self.first.as_ref()
    }

    /// Where it was seen last: nearest to who gets it.
    pub(crate) fn last(&self) -> Option<&SynObservation> {
        self.last.as_ref()
    }

    /// Notes where it is, and that place's hash; false if that is known (it came again), or enough is.
    fn add(&mut self, sighting: SynObservation, place: u64) -> bool {
        if self.places.len() >= SIGHTINGS || self.places.contains(&place) {
            return false;
        }
        self.places.push(place);
        // Records of different CPUs may come out of order.
        if self.first.is_none_or(|first| sighting.time_ns < first.time_ns) {
            self.first = Some(sighting);
        }
        if self.last.is_none_or(|last| sighting.time_ns >= last.time_ns) {
            self.last = Some(sighting);
        }
        true
    }
}

/// Which side of a connection promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TcpRole {
    /// By its SYN.
    Client,
    /// By its SYN-ACK.
    Server,
}

impl TcpRole {
    /// The other side.
    pub(crate) fn other(self) -> TcpRole {
        match self {
            TcpRole::Client => TcpRole::Server,
            TcpRole::Server => TcpRole::Client,
        }
    }
}

/// A TCP connection under all its names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connection {
    syn: AdvertisedMss,
    answer: AdvertisedMss,
    /// What the namespaces on its way know it by, as hashes.
    names: Vec<u64>,
}

impl Connection {
    /// Where the SYN was seen first: nearest to the client.
    pub(crate) fn first(&self) -> Option<&SynObservation> {
        self.syn.first()
    }

    /// Where it was seen last: nearest to the server.
    pub(crate) fn last(&self) -> Option<&SynObservation> {
        self.syn.last()
    }

    /// MSS that a side asked for, as the last device saw it.
    pub(crate) fn mss(&self, side: TcpRole) -> Option<u32> {
        self.promise(side).last()?.mss
    }

    fn promise(&self, side: TcpRole) -> &AdvertisedMss {
        match side {
            TcpRole::Client => &self.syn,
            TcpRole::Server => &self.answer,
        }
    }

    fn promise_mut(&mut self, side: TcpRole) -> &mut AdvertisedMss {
        match side {
            TcpRole::Client => &mut self.syn,
            TcpRole::Server => &mut self.answer,
        }
    }
}

/// The connections whose SYN was seen.
///
/// Names are kept as hashes under keys of this run (`RandomState`): a connection has a dozen of them, and a busy node as many connections
/// as are remembered.
#[derive(Debug, Default)]
pub(crate) struct Flows {
    /// Boxed: a table that grows has twice the room that it needs.
    connections: HashMap<SynId, Box<Connection>>,
    names: HashMap<u64, SynId>,
    order: VecDeque<SynId>,
    unjudged: VecDeque<(u64, SynId, TcpRole)>,
    keys: RandomState,
}

impl Flows {
    /// Notes a SYN.
    pub(crate) fn syn(&mut self, syn: SynId, sighting: SynObservation) {
        let old = self.first(syn).map(|s| s.time_ns);
        if old.is_some_and(|t| sighting.time_ns.saturating_sub(t) > SAME_SYN_NS) {
            self.forget(syn);
        }
        if !self.connections.contains_key(&syn) {
            self.order.push_back(syn);
            self.unjudged.push_back((sighting.time_ns, syn, TcpRole::Client));
            if self.order.len() > CAPACITY
                && let Some(oldest) = self.order.pop_front()
            {
                self.forget(oldest);
            }
        }
        let place = self.place(&sighting);
        let connection = self.connections.entry(syn).or_default();
        if connection.syn.add(sighting, place) {
            for netns in std::iter::once(sighting.netns).chain(sighting.peer) {
                let name = self.keys.hash_one((netns, sighting.flow));
                self.names.insert(name, syn);
                if !connection.names.contains(&name) {
                    connection.names.push(name);
                }
            }
        }
    }

    fn place(&self, seen: &SynObservation) -> u64 {
        self.keys.hash_one((seen.netns, seen.ifindex, seen.egress, seen.flow))
    }

    /// Whose name that is in this namespace.
    fn named(&self, netns: NetnsId, flow: Flow) -> Option<SynId> {
        self.names.get(&self.keys.hash_one((netns, flow))).copied()
    }

    /// Notes a SYN-ACK, and says of which connection; absent if its SYN was not seen there.
    pub(crate) fn answer(&mut self, sighting: SynObservation) -> Option<SynId> {
        let syn = self.named(sighting.netns, sighting.flow.reversed())?;
        let place = self.place(&sighting);
        let answer = &mut self.connections.get_mut(&syn)?.answer;
        let begins = answer.first.is_none();
        answer.add(sighting, place);
        if begins {
            self.unjudged.push_back((sighting.time_ns, syn, TcpRole::Server));
        }
        Some(syn)
    }

    /// Where a connection's SYN was seen first: nearest to the client.
    pub(crate) fn first(&self, syn: SynId) -> Option<&SynObservation> {
        self.connections.get(&syn)?.first()
    }

    /// MSS that a side asked for, as the first device saw it: what its own segments are limited to as well.
    pub(crate) fn offered(&self, syn: SynId, side: TcpRole) -> Option<u32> {
        self.connections.get(&syn)?.promise(side).first()?.mss
    }

    /// What that side of a connection promised, unless it was judged already.
    pub(crate) fn unjudged(&self, syn: SynId, side: TcpRole) -> Option<&AdvertisedMss> {
        let promise = self.connections.get(&syn)?.promise(side);
        (!promise.judged).then_some(promise)
    }

    /// Notes that it was judged.
    pub(crate) fn judged(&mut self, syn: SynId, side: TcpRole) {
        if let Some(connection) = self.connections.get_mut(&syn) {
            connection.promise_mut(side).judged = true;
        }
    }

    fn forget(&mut self, syn: SynId) {
        for name in self.connections.remove(&syn).into_iter().flat_map(|connection| connection.names) {
            if self.names.get(&name) == Some(&syn) {
                self.names.remove(&name);
            }
        }
    }

    /// The connection that has this name in this namespace, and whether `flow` goes from server to client.
    pub(crate) fn find(&self, netns: NetnsId, flow: Flow) -> Option<(&Connection, bool)> {
        let by = |flow, reversed| {
            let connection = self.connections.get(&self.named(netns, flow)?)?;
            Some((&**connection, reversed))
        };
        by(flow, false).or_else(|| by(flow.reversed(), true))
    }

    /// SYNs and SYN-ACKs that were first seen before `before_ns` and were not judged yet: by then they have passed
    /// all devices, and their last MSS is the one that the other side gets.
    pub(crate) fn settled(&mut self, before_ns: u64) -> Vec<(AdvertisedMss, TcpRole, Option<u32>)> {
        let mut settled = Vec::new();
        while let Some((_, syn, side)) = self.unjudged.front().copied().filter(|(t, ..)| *t < before_ns) {
            self.unjudged.pop_front();
            if let Some(connection) = self.connections.get_mut(&syn) {
                let others = connection.promise(side.other()).first().and_then(|s| s.mss);
                let promise = connection.promise_mut(side);
                if !std::mem::replace(&mut promise.judged, true) {
                    settled.push((promise.clone(), side, others));
                }
            }
        }
        settled
    }

    /// Number of connections that are remembered.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.connections.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(src: &str, dst: &str) -> Flow {
        Flow { protocol: 6, src: src.parse().unwrap(), dst: dst.parse().unwrap() }
    }

    fn sighting(time_ns: u64, netns: u32, src: &str) -> SynObservation {
        let flow = flow(src, "192.0.2.10:80");
        let peer = Some(NetnsId(netns + 100));
        SynObservation {
            time_ns,
            netns: NetnsId(netns),
            ifindex: 3,
            egress: false,
            peer,
            flow,
            mss: Some(1460),
            forged: false,
        }
    }

    #[test]
    fn names_on_both_sides_of_nat_are_one_connection() {
        let mut flows = Flows::default();
        // Records of different CPUs may come out of order.
        flows.syn((7, 0), sighting(20, 2, "10.42.0.108:40000"));
        flows.syn((7, 0), sighting(10, 1, "172.17.0.2:33333"));
        let (connection, reversed) =
            flows.find(NetnsId(2), flow("192.0.2.10:80", "10.42.0.108:40000")).unwrap();
        assert!(reversed);
        assert_eq!(connection.first().unwrap().flow.src, "172.17.0.2:33333".parse().unwrap());
        assert_eq!(connection.last().unwrap().netns, NetnsId(2));
        assert!(flows.find(NetnsId(2), flow("192.0.2.10:80", "172.17.0.2:33333")).is_none());
        // The stack at the other end of the device knows the connection by the same name.
        assert!(flows.find(NetnsId(101), flow("192.0.2.10:80", "172.17.0.2:33333")).is_some());
    }

    #[test]
    fn a_number_used_again_later_is_another_connection() {
        let mut flows = Flows::default();
        flows.syn((7, 0), sighting(10, 1, "172.17.0.2:1"));
        flows.syn((7, 0), sighting(10 + SAME_SYN_NS + 1, 1, "172.17.0.9:2"));
        assert!(flows.find(NetnsId(1), flow("172.17.0.2:1", "192.0.2.10:80")).is_none());
        assert!(flows.find(NetnsId(1), flow("172.17.0.9:2", "192.0.2.10:80")).is_some());
    }

    #[test]
    fn two_senders_with_one_number_are_two_connections() {
        let mut flows = Flows::default();
        flows.syn((7, 1), sighting(10, 1, "172.17.0.2:1"));
        flows.syn((7, 2), sighting(11, 2, "172.17.0.2:1"));
        let first = |netns| {
            let (connection, _) = flows.find(NetnsId(netns), flow("172.17.0.2:1", "192.0.2.10:80")).unwrap();
            connection.first().unwrap().netns
        };
        assert_eq!((first(1), first(2)), (NetnsId(1), NetnsId(2)));
    }

    #[test]
    fn memory_is_bounded() {
        let mut flows = Flows::default();
        for n in 0..CAPACITY as u32 + 10 {
            flows.syn((n, 0), sighting(u64::from(n), 1, &format!("172.17.{}.{}:9", n / 256 % 256, n % 256)));
        }
        assert_eq!(flows.len(), CAPACITY);
        assert_eq!(flows.names.len(), 2 * CAPACITY, "those of the forgotten are forgotten");
        assert!(size_of::<Connection>() <= 640, "{} bytes, times {CAPACITY}", size_of::<Connection>());
    }

    #[test]
    fn a_syn_ack_belongs_to_the_connection_of_its_syn() {
        let mut flows = Flows::default();
        flows.syn((7, 0), sighting(10, 1, "172.17.0.2:1"));
        let back =
            SynObservation { flow: flow("192.0.2.10:80", "172.17.0.2:1"), ..sighting(20, 1, "172.17.0.2:1") };
        assert_eq!(flows.answer(SynObservation { netns: NetnsId(9), ..back }), None);
        assert_eq!(flows.answer(back), Some((7, 0)));
        flows.judged((7, 0), TcpRole::Client);
        assert!(flows.unjudged((7, 0), TcpRole::Client).is_none());
        let settled: Vec<_> = flows.settled(30).into_iter().map(|(_, side, _)| side).collect();
        assert_eq!(settled, [TcpRole::Server]);
        assert!(flows.unjudged((7, 0), TcpRole::Server).is_none());
    }

    #[test]
    fn each_connection_settles_once() {
        let mut flows = Flows::default();
        flows.syn((7, 0), sighting(10, 1, "172.17.0.2:1"));
        assert!(flows.settled(10).is_empty());
        assert_eq!(flows.settled(11).len(), 1);
        flows.syn((7, 0), sighting(30, 2, "10.0.0.1:1"));
        assert!(flows.settled(100).is_empty());
    }
}
