//! What the kernel says of sockets whose connections stand still.
use super::{Engine, has_stated};
use crate::diagnosis::before;
use crate::model::{Node, SocketId, TcpInfo};

impl Engine {
    /// The sockets that the kernel is to be asked about.
    pub(crate) fn questions(&mut self, now_ns: u64) -> Vec<SocketId> {
        self.external.questions(now_ns)
    }

    /// What it said of one; absent when there is no such socket.
    pub(crate) fn answer(&mut self, question: SocketId, reading: Option<TcpInfo>, now_ns: u64, node: &Node) {
        if !self.is_told_of(question, node) {
            let (incidents, netns) = (&self.incidents, question.netns);
            let begun_ns = before::begun_ns(netns, question.flow, &self.flows);
            let is_of_before = |full: u32| {
                let less = full.saturating_sub(1);
                incidents.is_older_than_fix(node.key(netns), begun_ns, less)
                    && before::takes_at_most(netns, less, node)
            };
            self.external.answer(question, reading, is_of_before, now_ns, node);
        }
        for netns in self.external.take_unknown() {
            self.ledger.unknown(node.key(netns), "stalled");
        }
    }

    /// Whether somebody at the other end of the socket's connection, on this node, is told or will be: one cause, one verdict.
    fn is_told_of(&self, socket: SocketId, node: &Node) -> bool {
        let Some((connection, _)) = self.flows.find(socket.netns, socket.flow) else { return false };
        let sights = [connection.first(), connection.last()].into_iter().flatten();
        let ends = sights.flat_map(|sight| [Some(sight.netns), sight.peer]).flatten();
        let mut others = ends.filter(|netns| *netns != socket.netns && *netns != node.host);
        // Of a container and somebody who is none, the container is told.
        let named = |netns| node.container(netns).is_some();
        let stated = |netns| has_stated(&self.incidents, &self.external, node.key(netns));
        match named(socket.netns) {
            true => others.any(|netns| named(netns) && stated(netns)),
            false => others.any(|netns| named(netns) || stated(netns)),
        }
    }
}
