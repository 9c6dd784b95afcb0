//! Who is connected: so many at a time, and where there is no room the one that has taken longest makes it. So a probe
//! is answered whoever else is connected, and however slowly they ask.
use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use tokio::task::AbortHandle;

/// Connections at a time.
const ALL: usize = 64;
/// Of one peer. A node's kubelet has two or three.
const OF_ONE: usize = 8;

/// The connections that are open, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Connections(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    next: u64,
    open: VecDeque<Connection>,
}

#[derive(Debug)]
struct Connection {
    number: u64,
    peer: u128,
    task: AbortHandle,
}

impl Connections {
    /// Makes room for one more of this peer and lets `start` begin it with the number to give back to
    /// [`Connections::ended`].
    pub(super) fn admit(&self, peer: IpAddr, start: impl FnOnce(u64) -> AbortHandle) {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let peer = network(peer);
        table.make_room(peer);
        let number = table.next;
        table.next += 1;
        table.open.push_back(Connection { number, peer, task: start(number) });
    }

    /// It is over.
    pub(super) fn ended(&self, number: u64) {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        table.open.retain(|one| one.number != number);
    }
}

impl Table {
    fn make_room(&mut self, peer: u128) {
        let mut counts: BTreeMap<u128, usize> = BTreeMap::new();
        self.open.iter().for_each(|one| *counts.entry(one.peer).or_default() += 1);
        let crowded = counts.get(&peer).is_some_and(|count| *count >= OF_ONE);
        let from = match counts.iter().max_by_key(|(_, count)| **count) {
            _ if crowded => peer,
            // All are of different peers, or of those that have most.
            Some((most, _)) if self.open.len() >= ALL => *most,
            _ => return,
        };
        if let Some(at) = self.open.iter().position(|one| one.peer == from)
            && let Some(oldest) = self.open.remove(at)
        {
            oldest.task.abort();
        }
    }
}

/// Whoever has one address of an IPv6 network of 64 bits has them all.
fn network(peer: IpAddr) -> u128 {
    match peer.to_canonical() {
        IpAddr::V4(ip) => ip.to_ipv6_mapped().to_bits(),
        IpAddr::V6(ip) => ip.to_bits() >> 64 << 64,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use super::*;

    fn peers(connections: &Connections) -> Vec<(u64, bool)> {
        let table = connections.0.lock().unwrap();
        table.open.iter().map(|one| (one.number, one.task.is_finished())).collect()
    }

    #[tokio::test]
    async fn the_one_that_took_longest_of_those_with_most_makes_room() {
        let connections = Connections::default();
        let admit = |ip: IpAddr| {
            connections.admit(ip, |_| tokio::spawn(std::future::pending::<()>()).abort_handle());
        };
        let v4 = |last: u8| IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
        admit(v4(1));
        (0..20).for_each(|_| admit(v4(2)));
        let open: Vec<u64> = peers(&connections).into_iter().map(|(number, _)| number).collect();
        assert_eq!(open, [0, 13, 14, 15, 16, 17, 18, 19, 20], "the other one stays");
        // Each from an address of its own.
        (3..=100).for_each(|last| admit(v4(last)));
        assert_eq!(peers(&connections).len(), ALL);
        admit(v4(200));
        assert_eq!(peers(&connections).last().unwrap().0, 119, "the newest always has room");
        connections.ended(119);
        assert_eq!(peers(&connections).len(), ALL - 1);
    }

    #[test]
    fn addresses_of_one_network() {
        let v6 = |segments: [u16; 8]| IpAddr::V6(Ipv6Addr::from(segments));
        let [a, b, c] = [
            [0x2001, 0xdb8, 0, 1, 0, 0, 0, 1],
            [0x2001, 0xdb8, 0, 1, 9, 9, 9, 9],
            [0x2001, 0xdb8, 0, 2, 0, 0, 0, 1],
        ]
        .map(|segments| network(v6(segments)));
        assert!(a == b && b != c);
        let mapped: IpAddr = "::ffff:192.0.2.1".parse().unwrap();
        assert_eq!(network(mapped), network(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1))));
        assert_ne!(network(mapped), network(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2))));
    }
}
