//! A download, packet by packet.

use super::build::{File, end, mss, tcp};
use std::net::SocketAddr;

/// Data of a full-size segment without options.
pub(super) const FULL: u32 = 1460;

/// A client and a server, with the numbers where they are.
pub(super) struct Talk {
    pub(super) file: File,
    pub(super) client: SocketAddr,
    pub(super) server: SocketAddr,
    /// The next number of the server.
    pub(super) next: u32,
    id: u16,
}

impl Talk {
    /// Handshake and request, all of it small and acknowledged.
    pub(super) fn open(file: File) -> Self {
        Self::between(file, "10.1.0.7:40000", "10.0.0.2:443")
    }

    pub(super) fn between(file: File, client: &str, server: &str) -> Self {
        let (client, server) = (end(client), end(server));
        let mut talk = Self { file, client, server, next: 5001, id: 1 };
        let syn = tcp((client, server, 1), (99, 0), 0, |header| {
            mss(1460)(header);
            header.ack = false;
        });
        talk.file.frame(0, &syn);
        let answer = tcp((server, client, 0), (5000, 100), 0, mss(1460));
        talk.file.frame(1, &answer);
        let request = tcp((client, server, 2), (100, 5001), 80, |_| {});
        talk.file.frame(2, &request);
        talk.says(3, 5001, 0);
        talk
    }

    /// What the server sends.
    pub(super) fn segment(&mut self, seq: u32, data: u32) -> Vec<u8> {
        self.id += 1;
        tcp((self.server, self.client, self.id), (seq, 180), data as usize, |_| {})
    }

    pub(super) fn says(&mut self, ms: u64, seq: u32, data: u32) -> &mut Self {
        let frame = self.segment(seq, data);
        self.file.frame(ms, &frame);
        self
    }

    /// The server's next segment.
    pub(super) fn sends(&mut self, ms: u64, data: u32) -> &mut Self {
        let seq = self.next;
        self.next += data;
        self.says(ms, seq, data)
    }

    /// The client's acknowledgement.
    pub(super) fn acks(&mut self, ms: u64, ack: u32) -> &mut Self {
        self.id += 1;
        let frame = tcp((self.client, self.server, self.id), (180, ack), 0, |_| {});
        self.file.frame(ms, &frame);
        self
    }

    /// The same with one range that arrived behind a hole.
    pub(super) fn sacks(&mut self, ms: u64, ack: u32, range: (u32, u32)) -> &mut Self {
        self.id += 1;
        let frame = tcp((self.client, self.server, self.id), (180, ack), 0, |header| {
            let sack = etherparse::TcpOptionElement::SelectiveAcknowledgement(range, [None; 3]);
            header.set_options(&[sack]).unwrap();
        });
        self.file.frame(ms, &frame);
        self
    }

    /// The segment at `seq` again and again, as the retransmission timer has it; the last time in milliseconds.
    pub(super) fn in_vain(&mut self, from_ms: u64, seq: u32, data: u32, times: u32) -> u64 {
        let mut at = from_ms;
        for time in 0..times {
            at += 200 << time;
            self.says(at, seq, data);
        }
        at
    }
}
