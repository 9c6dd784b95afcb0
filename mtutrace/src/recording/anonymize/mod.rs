//! Other addresses and names than those that are there, each the same ones throughout a recording. Pure but for its key, which is
//! random and never written: the way back is to try all there are.
mod address;
mod name;
mod node;
mod record;
#[cfg(test)]
mod tests;

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use super::head::Head;
use super::input::Input;
use crate::discovery::snapshot::Snapshot;
use crate::filter::Filter;
use crate::mib::delta::DeltasByNetns;
use crate::model::{AttributedEvent, EventKind, Flow, NatQuery, Node, SocketId};

/// What makes other addresses and names.
#[derive(Debug, Default)]
pub(crate) struct Anonymizer {
    key: RandomState,
    /// The last node, as it was and as it became: most snapshots have the same one.
    node: Option<(Arc<Node>, Arc<Node>)>,
    /// Records that were left out and not yet told of.
    left_out: u64,
}

impl Anonymizer {
    /// A number that only who has the key can tell.
    fn hash(&self, what: impl Hash) -> u64 {
        self.key.hash_one(what)
    }

    /// What a recording says of itself: not what was asked for, which names somebody.
    pub(crate) fn head(&self, head: Head) -> Head {
        Head { host: self.name(&head.host), filter: Filter::default(), anonymized: true, ..head }
    }

    /// An input with other addresses and names. Records of a kind that is not known are left out, and counted.
    pub(crate) fn input(&mut self, input: &Input) -> Input {
        match input {
            Input::Records(records) => {
                let others: Vec<_> = records.iter().filter_map(|record| self.record(record)).collect();
                self.left_out += u64::try_from(records.len() - others.len()).unwrap_or(0);
                Input::Records(others)
            }
            Input::Socket(socket, reading) => {
                Input::Socket(SocketId { flow: self.flow(socket.flow), ..*socket }, *reading)
            }
            Input::Nat(query, inner) => Input::Nat(
                NatQuery { flow: self.flow(query.flow), ..*query },
                inner.map(|inner| self.flow(inner)),
            ),
            Input::Snapshot(snapshot) => Input::Snapshot(self.snapshot(snapshot)),
            Input::LastSnapshot(snapshot) => Input::LastSnapshot(self.snapshot(snapshot)),
            other => other.clone(),
        }
    }

    /// Records that were left out since this was last asked: nothing says where their addresses are.
    pub(crate) fn take_left_out(&mut self) -> u64 {
        std::mem::take(&mut self.left_out)
    }

    /// The same of a snapshot.
    pub(crate) fn snapshot(&mut self, snapshot: &Snapshot) -> Snapshot {
        let known = self.node.as_ref().filter(|(was, _)| Arc::ptr_eq(was, &snapshot.node));
        let node = match known {
            Some((_, became)) => Arc::clone(became),
            None => {
                let became = Arc::new(self.node(&snapshot.node));
                self.node = Some((Arc::clone(&snapshot.node), Arc::clone(&became)));
                became
            }
        };
        let mut kernel = DeltasByNetns::clone(&snapshot.kernel);
        for delta in kernel.values_mut() {
            delta.container = delta.container.as_ref().map(|container| self.container(container));
        }
        Snapshot { node, kernel: Arc::new(kernel), ..snapshot.clone() }
    }

    /// The same of an event that was reported.
    pub(crate) fn event(&self, attributed: &AttributedEvent) -> AttributedEvent {
        let mut event = attributed.event.clone();
        event.flow = self.flow(event.flow);
        if let EventKind::IcmpSeen { from, to, .. } = &mut event.kind {
            (*from, *to) = (from.map(|ip| self.address(ip)), to.map(|ip| self.address(ip)));
        }
        let container = attributed.container.as_ref().map(|container| self.container(container));
        AttributedEvent { event, owner: attributed.owner, container }
    }

    fn flow(&self, flow: Flow) -> Flow {
        let end = |mut end: std::net::SocketAddr| {
            end.set_ip(self.address(end.ip()));
            end
        };
        Flow { protocol: flow.protocol, src: end(flow.src), dst: end(flow.dst) }
    }
}
