//! A TCP connection: two ways, each seen where its packets come first.

use std::net::SocketAddr;

use super::table::Worth;
use super::way::{Acknowledgement, Way};
use crate::capture::packet::{Packet, Tcp};

/// Both ends of a connection, smaller first.
pub(super) type Ends = (SocketAddr, SocketAddr);

/// What a segment was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    /// One packet on the wire, as far as is known.
    pub(super) single: bool,
    /// The largest packet (L3) that it acknowledged.
    pub(super) acknowledged: Option<u32>,
}

#[derive(Debug)]
pub(in crate::capture) struct Connection {
    /// Who sent the SYN, else who was seen first.
    pub(in crate::capture) client: SocketAddr,
    pub(in crate::capture) server: SocketAddr,
    pub(in crate::capture) to_server: Way,
    pub(in crate::capture) to_client: Way,
    pub(in crate::capture) first_ns: u64,
    pub(in crate::capture) last_ns: u64,
    pub(in crate::capture) reset: bool,
    /// The same connection before NAT.
    pub(in crate::capture) also: Option<Ends>,
}

impl Connection {
    pub(super) fn new(client: SocketAddr, server: SocketAddr, time_ns: u64) -> Self {
        Self {
            client,
            server,
            to_server: Way::default(),
            to_client: Way::default(),
            first_ns: time_ns,
            last_ns: time_ns,
            reset: false,
            also: None,
        }
    }

    /// Both ends, smaller first.
    pub(in crate::capture) fn ends(&self) -> Ends {
        (self.client.min(self.server), self.client.max(self.server))
    }

    /// Each way with where it comes from and goes to.
    pub(in crate::capture) fn ways(&self) -> [(&Way, &Way, SocketAddr, SocketAddr); 2] {
        let (client, server) = (self.client, self.server);
        [
            (&self.to_server, &self.to_client, client, server),
            (&self.to_client, &self.to_server, server, client),
        ]
    }

    pub(in crate::capture) fn trouble(&self) -> u64 {
        self.to_server.trouble() + self.to_client.trouble()
    }

    /// Whether this segment begins another connection between the same ports.
    pub(super) fn is_over(&self, src: SocketAddr, tcp: &Tcp) -> bool {
        let way = if src == self.client { &self.to_server } else { &self.to_client };
        tcp.syn && tcp.ack.is_none() && way.initial.is_some_and(|initial| initial != tcp.seq)
    }

    /// Nothing where it is a second sighting of what was taken before.
    pub(super) fn take(&mut self, packet: &Packet, tcp: &Tcp, src: SocketAddr) -> Option<Taken> {
        let (way, back) = if src == self.client {
            (&mut self.to_server, &mut self.to_client)
        } else {
            (&mut self.to_client, &mut self.to_server)
        };
        if !way.sight(packet, tcp) {
            return None;
        }
        self.last_ns = self.last_ns.max(packet.time_ns);
        self.reset |= tcp.rst;
        let single = way.single(packet, tcp, back.mss);
        way.send(packet, tcp, single);
        let acknowledgement = tcp.ack.filter(|_| !tcp.rst).map(|ack| Acknowledgement {
            ack,
            sack: tcp.sack,
            window: tcp.window,
            pure: tcp.data == 0 && !tcp.syn && !tcp.fin,
        });
        let acknowledged = acknowledgement.and_then(|acknowledgement| back.acknowledge(&acknowledgement));
        Some(Taken { single: single == Some(true), acknowledged })
    }
}

impl Worth for Connection {
    fn worth(&self) -> (u64, u64) {
        (self.trouble(), self.last_ns)
    }
}
