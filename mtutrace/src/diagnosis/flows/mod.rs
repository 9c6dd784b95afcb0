//! One flow, many addresses: NAT renames a connection at each level of nesting, but keeps what its SYN is known by.
mod promise;

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasher, RandomState};

use crate::model::{Flow, NetnsId};
use promise::Answer;
pub(crate) use promise::{AdvertisedMss, SynObservation, TcpRole};

/// Most connections that are remembered; the oldest go first.
const CAPACITY: usize = 32_768;

/// The same initial sequence number after this long belongs to another connection (RFC 9293 §3.4.1: the ISN
/// clock goes round in 4.55 hours, SYN retries end after about two minutes).
const SAME_SYN_NS: u64 = 180_000_000_000;

/// What NAT keeps of a SYN: its sequence number, and IPv4's identification or IPv6's flow label.
///
/// The number alone does not do: the kernel makes it from addresses, ports and a clock of 64 ns (`secure_tcp_seq`), without
/// the namespace, and containers on different bridges have the same addresses.
pub(crate) type SynId = (u32, u32);

/// A TCP connection under all its names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Connection {
    syn: AdvertisedMss,
    answer: Answer,
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
        match side {
            TcpRole::Client => self.syn.last()?.mss,
            TcpRole::Server => self.answer.last_mss(),
        }
    }

    /// The same, as the first device saw it.
    fn offered(&self, side: TcpRole) -> Option<u32> {
        match side {
            TcpRole::Client => self.syn.first()?.mss,
            TcpRole::Server => self.answer.first_mss(),
        }
    }

    /// What a side promised, while that may be judged.
    fn promise(&self, side: TcpRole) -> Option<&AdvertisedMss> {
        match side {
            TcpRole::Client => Some(&self.syn),
            TcpRole::Server => self.answer.passing(),
        }
    }

    fn judged(&mut self, side: TcpRole) {
        match (side, &mut self.answer) {
            (TcpRole::Client, _) => self.syn.judged = true,
            (TcpRole::Server, Answer::Passing(promise)) => promise.judged = true,
            (TcpRole::Server, Answer::None | Answer::Settled { .. }) => {}
        }
    }

    /// What a side promised has passed all devices; returned unless it was judged already.
    fn settle(&mut self, side: TcpRole) -> Option<AdvertisedMss> {
        match side {
            TcpRole::Client => {
                let fresh = !std::mem::replace(&mut self.syn.judged, true);
                fresh.then(|| self.syn.clone())
            }
            TcpRole::Server => self.answer.settle().filter(|promise| !promise.judged),
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
        if matches!(answer, Answer::None) {
            *answer = Answer::Passing(Box::default());
            self.unjudged.push_back((sighting.time_ns, syn, TcpRole::Server));
        }
        if let Answer::Passing(promise) = answer {
            promise.add(sighting, place);
        }
        Some(syn)
    }

    /// Where a connection's SYN was seen first: nearest to the client.
    pub(crate) fn first(&self, syn: SynId) -> Option<&SynObservation> {
        self.connections.get(&syn)?.first()
    }

    /// MSS that a side asked for, as the first device saw it: what its own segments are limited to as well.
    pub(crate) fn offered(&self, syn: SynId, side: TcpRole) -> Option<u32> {
        self.connections.get(&syn)?.offered(side)
    }

    /// What that side of a connection promised, unless it was judged already.
    pub(crate) fn unjudged(&self, syn: SynId, side: TcpRole) -> Option<&AdvertisedMss> {
        self.connections.get(&syn)?.promise(side).filter(|promise| !promise.judged)
    }

    /// Notes that it was judged.
    pub(crate) fn judged(&mut self, syn: SynId, side: TcpRole) {
        if let Some(connection) = self.connections.get_mut(&syn) {
            connection.judged(side);
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
                let others = connection.offered(side.other());
                settled.extend(connection.settle(side).map(|promise| (promise, side, others)));
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
        assert!(size_of::<Connection>() <= 320, "{} bytes, times {CAPACITY}", size_of::<Connection>());
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
        // What it was stays known, whatever comes again.
        assert_eq!(flows.answer(SynObservation { mss: Some(1), ..back }), Some((7, 0)));
        assert_eq!(flows.offered((7, 0), TcpRole::Server), Some(1460));
        assert!(flows.settled(100).is_empty());
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
