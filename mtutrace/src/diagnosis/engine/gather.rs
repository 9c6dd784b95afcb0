//! Events become evidence: about a container and a bottleneck, about an obstacle that they name themselves, about a tunnel.
use std::net::IpAddr;

use super::Engine;
use crate::diagnosis::attribution::Ends;
use crate::diagnosis::before;
use crate::diagnosis::evidence::Evidence;
use crate::diagnosis::incident::Incident;
use crate::diagnosis::mss::OversizedMss;
use crate::diagnosis::obstacle::Obstacle;
use crate::diagnosis::tunnels;
use crate::model::{AttributedEvent, Event, Mismatch, NetnsId, Node};
use crate::topology::{self, Underlay};

impl Engine {
    /// Adds an event to the evidence about a container and one bottleneck; absent where there are too many incidents.
    pub(super) fn evidence(
        &mut self,
        event: &Event,
        netns: NetnsId,
        mismatch: &Mismatch,
        remote: IpAddr,
        node: &Node,
    ) -> Option<&mut Evidence> {
        let key = (node.key(netns), mismatch.bottleneck.id());
        let tunnel = topology::wrong_tunnel(node, &mismatch.bottleneck);
        // Now it is known who uses the tunnel: one cause, one verdict.
        let unattributed = tunnel.as_ref().map(|t| (node.key(t.tunnel.netns), key.1)).filter(|k| *k != key);
        let unattributed = unattributed.and_then(|key| self.incidents.remove(&key));
        let new = || Incident::new(key.0, mismatch.clone(), remote, event.time_ns);
        let incident = self.incidents.entry(key, new)?;
        let silent = incident.evidence.silent.and_then(|pair| pair.mismatch(node));
        incident.evidence.mismatch = silent.unwrap_or_else(|| mismatch.clone());
        incident.evidence.tunnel = tunnel;
        self.replaced.extend(unattributed.and_then(|other| incident.take_over(other)));
        incident.evidence.belongs_to(node.container(netns));
        incident.evidence.add(event);
        Some(&mut incident.evidence)
    }

    /// Counts a promise that will not be kept as evidence.
    pub(super) fn promised(
        &mut self,
        OversizedMss { event, netns, mismatch }: OversizedMss,
        node: &Node,
    ) -> AttributedEvent {
        self.evidence(&event, netns, &mismatch, event.flow.dst.ip(), node);
        self.tally(event, Some(netns), node)
    }

    /// Adds an event to the evidence about the obstacle that it names itself.
    pub(super) fn at_obstacle(
        &mut self,
        event: &Event,
        netns: NetnsId,
        (obstacle, mismatch): (Obstacle, &Mismatch),
        ends: &Ends,
        node: &Node,
    ) {
        let remote = ends.remote(netns).unwrap_or(event.flow.dst.ip());
        let key = (node.key(netns), obstacle.device);
        // A connection from before a fix goes on to die until its sender gives up. That is no news.
        let begun_ns = before::begun_ns(event.netns, event.flow, &self.flows);
        let told =
            obstacle.older.is_some() && self.incidents.is_older_than_fix(key.0, begun_ns, obstacle.limit);
        let is_known = || self.incidents.of(key.0).any(|(_, incident)| incident.is_of_before(event.flow));
        if told || is_known() || before::is_for_nobody(event, ends, &self.flows, node) {
            return;
        }
        if let Some(incident) = self.incidents.get_mut(&key) {
            incident.forget_what_was_fixed();
        }
        if let Some(evidence) = self.evidence(event, netns, mismatch, remote, node) {
            let known = evidence.obstacle;
            // Old connections explain it only as long as none dies there that was seen to begin.
            let all_older = begun_ns.is_none() && known.is_none_or(|known| known.older.is_some());
            let older = obstacle.older.filter(|_| all_older);
            evidence.obstacle = Some(Obstacle { older, ..obstacle });
            let is_elsewhere = !obstacle.is_on_path && older.is_none();
            self.disagreements += u64::from(is_elsewhere && known.is_none_or(|known| known.is_on_path));
        }
    }

    /// A packet was fragmented or died outside of a tunnel: evidence about those who are known to use it, else about the
    /// tunnel's own namespace.
    pub(super) fn outside(&mut self, event: &Event, below: &Underlay, node: &Node) {
        let (tunnel, home) = (below.tunnel.id(), below.tunnel.netns);
        let signal = event.kind.signal();
        let mut users = self
            .incidents
            .values_mut()
            .map(|incident| &mut incident.evidence)
            .filter(|evidence| tunnels::is_users(evidence, tunnel, home))
            .peekable();
        if users.peek().is_some() {
            return users.for_each(|evidence| evidence.outside(signal, event.time_ns));
        }
        let Some(mismatch) = tunnels::own(node, tunnel) else { return };
        let key = (node.key(home), tunnel);
        let new = || Incident::new(key.0, mismatch, event.flow.dst.ip(), event.time_ns);
        let Some(Incident { evidence, .. }) = self.incidents.entry(key, new) else { return };
        evidence.tunnel = Some(below.clone());
        evidence.belongs_to(node.container(home));
        evidence.outside(signal, event.time_ns);
    }

    /// Events that were attributed without what NAT has made of their flow: it was not known in time.
    pub(crate) fn nat_unanswered(&self) -> u64 {
        self.attributor.unanswered()
    }

    /// Events of packets that bore the address of another than their sender: nobody's.
    pub(crate) fn forged(&self) -> u64 {
        self.attributor.forged()
    }

    /// Obstacles that events named and the model of the node did not know of: where it leads packets elsewhere.
    pub(crate) fn disagreements(&self) -> u64 {
        self.disagreements
    }
}
