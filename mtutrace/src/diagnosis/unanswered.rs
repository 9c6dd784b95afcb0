//! Connections of this node whose request was acknowledged and whose answer does not come. A black hole on the way back looks
//! like this when nothing follows the hole (a certificate flight in one jumbo segment), and so does a slow server: it is told
//! as what it is, without a cause. Pure: it says about which sockets the kernel is to be asked, and is told the answers.
use std::collections::BTreeMap;

use crate::diagnosis::asked::{Asked, Bounds};
use crate::diagnosis::flows::SynObservation;
use crate::model::{NetnsId, NetnsKey, Node, SocketId, TcpInfo};

/// How many connections are followed.
const BOUNDS: Bounds = Bounds { all: 256, share: 32, questions: 8 };
/// Most servers answer within this, and are asked about once.
const FIRST_NS: u64 = 2_000_000_000;
/// Nothing for so long after the first question is worth a line.
const STAYS_NS: u64 = 5_000_000_000;
/// A question that was lost is asked again.
const LOST_NS: u64 = 10_000_000_000;

#[derive(Clone, Copy, Debug)]
enum Stage {
    Fresh,
    Watched(TcpInfo),
    Stands,
}

#[derive(Clone, Copy, Debug)]
struct Request {
    owner: NetnsKey,
    stage: Stage,
}

/// The connections that are followed.
#[derive(Debug)]
pub(crate) struct Unanswered {
    requests: Asked<Request>,
    /// Those that ended without an answer, by owner.
    ended: BTreeMap<NetnsKey, u64>,
}

impl Default for Unanswered {
    fn default() -> Unanswered {
        Unanswered { requests: Asked::new(BOUNDS), ended: BTreeMap::new() }
    }
}

impl Unanswered {
    /// A connection was made; `first`: where its SYN was seen first. Of interest where the client's socket is on this node.
    pub(crate) fn connected(&mut self, first: &SynObservation, now_ns: u64, node: &Node) {
        let own = |netns: &NetnsId| node.has_address(*netns, first.flow.src.ip());
        let Some(netns) = [first.peer, Some(first.netns)].into_iter().flatten().find(own) else { return };
        let request = Request { owner: node.key(netns), stage: Stage::Fresh };
        // Where there is no room it is one of many.
        let _ = self.requests.follow(SocketId { netns, flow: first.flow }, request, now_ns);
    }

    /// The sockets that it is time to ask about.
    pub(crate) fn questions(&mut self, now_ns: u64) -> Vec<SocketId> {
        self.requests.questions(now_ns, |waiting, request| match request.stage {
            _ if waiting => LOST_NS,
            Stage::Fresh => FIRST_NS,
            _ => STAYS_NS,
        })
    }

    /// Takes in an answer (absent when there is no such socket any more); of sockets that are not followed it is ignored.
    pub(crate) fn answer(&mut self, socket: SocketId, reading: Option<TcpInfo>) {
        let Some(request) = self.requests.answered(socket) else { return };
        let stands = |now: &TcpInfo| now.acked > 1 && now.received <= 1 && now.timeouts == 0;
        request.stage = match (reading, request.stage) {
            (Some(now), Stage::Fresh) if stands(&now) => Stage::Watched(now),
            (Some(now), Stage::Watched(before)) if stands(&now) && now.acked == before.acked => Stage::Stands,
            (Some(now), Stage::Watched(_)) if stands(&now) => Stage::Watched(now),
            (Some(now), Stage::Stands) if stands(&now) => Stage::Stands,
            (None, Stage::Stands) => {
                *self.ended.entry(request.owner).or_default() += 1;
                return self.requests.forget(socket);
            }
            _ => return self.requests.forget(socket),
        };
    }

    /// How many connections wait, or ended waiting, by owner.
    pub(crate) fn counts(&self) -> BTreeMap<NetnsKey, u64> {
        let mut all = self.ended.clone();
        for request in self.requests.all().filter(|request| matches!(request.stage, Stage::Stands)) {
            *all.entry(request.owner).or_default() += 1;
        }
        all
    }

    /// Forgets namespaces that are gone, but for how many of their connections ended.
    pub(crate) fn retain(&mut self, keep: impl Fn(NetnsKey) -> bool) {
        self.ended.retain(|owner, _| keep(*owner));
        self.requests.retain(|request| keep(request.owner));
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;
    use crate::diagnosis::attribution::tests::flow;
    use crate::testing::node::incident;

    const MS: u64 = 1_000_000;
    const INNER: u32 = 3;
    const ASKED: TcpInfo = TcpInfo {
        received: 0,
        segments: 2,
        largest: 536,
        full: 1448,
        options: 12,
        acked: 518,
        delivered: 2,
        sends: 1448,
        timeouts: 0,
        waits: false,
    };

    fn connected(unanswered: &mut Unanswered, port: u16) {
        let flow = flow(&format!("172.17.0.2:{port}"), "192.0.2.10:443");
        let first = SynObservation {
            time_ns: 0,
            netns: NetnsId(2),
            ifindex: 8,
            egress: false,
            peer: Some(NetnsId(INNER)),
            flow,
            mss: Some(1460),
            forged: false,
        };
        unanswered.connected(&first, 0, &incident().0);
    }

    fn after(readings: &[Option<TcpInfo>]) -> u64 {
        let mut unanswered = Unanswered::default();
        connected(&mut unanswered, 40000);
        assert!(unanswered.questions(1000 * MS).is_empty(), "most servers answer by then");
        for (n, reading) in readings.iter().enumerate() {
            let questions = unanswered.questions((2000 + 5000 * n as u64) * MS);
            let [socket] = questions[..] else { panic!("{n}: {questions:?}") };
            assert_eq!(socket.netns, NetnsId(INNER));
            unanswered.answer(socket, *reading);
        }
        unanswered.counts().values().sum()
    }

    #[test_case(&[Some(ASKED)], 0; "once is too early")]
    #[test_case(&[Some(ASKED), Some(ASKED)], 1; "nothing for five seconds")]
    #[test_case(&[Some(ASKED), Some(ASKED), Some(ASKED)], 1; "it is one however long it lasts")]
    #[test_case(&[Some(ASKED), Some(ASKED), None], 1; "the client gave up")]
    #[test_case(&[Some(ASKED), None], 0; "it ended before that")]
    #[test_case(&[Some(TcpInfo { received: 90, ..ASKED })], 0; "answered")]
    #[test_case(&[Some(ASKED), Some(ASKED), Some(TcpInfo { received: 90, ..ASKED })], 0; "the server was slow")]
    #[test_case(&[Some(TcpInfo { acked: 1, ..ASKED })], 0; "nothing was asked")]
    #[test_case(&[Some(ASKED), Some(TcpInfo { acked: 600, ..ASKED })], 0; "it goes on asking")]
    fn counted(readings: &[Option<TcpInfo>], expected: u64) {
        assert_eq!(after(readings), expected);
    }

    #[test]
    fn memory_is_bounded_and_shared() {
        let mut unanswered = Unanswered::default();
        (1..=1000).for_each(|port| connected(&mut unanswered, port));
        assert_eq!(unanswered.requests.all().count(), BOUNDS.share);
        assert_eq!(unanswered.questions(3000 * MS).len(), BOUNDS.questions);
        unanswered.retain(|_| false);
        assert_eq!(unanswered.requests.all().count(), 0);
        (1..=1000).for_each(|port| connected(&mut unanswered, port));
        assert_eq!(unanswered.requests.all().count(), BOUNDS.share, "its share is free again");
    }
}
