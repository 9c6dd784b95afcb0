//! Attributes events, one flow after the other, and keeps those whose flow must be asked about. Pure.
use crate::diagnosis::attribution::{self, Attribution, End, Ends};
use crate::diagnosis::flows::Flows;
use crate::diagnosis::nat::{Nat, Translation};
use crate::diagnosis::origins::Origins;
use crate::diagnosis::pending::{Pending, Seen, Waiting};
use crate::diagnosis::recent::Recent;
use crate::model::{Event, Flow, NatQuery, Node};
use crate::topology;

/// How long it is remembered to whom a flow's packets are attributed, and of how many flows.
const HOLD_NS: u64 = 2_000_000_000;
const ATTRIBUTIONS: usize = 4096;

/// To whom a flow's packets are attributed.
#[derive(Clone, Debug)]
pub(super) struct Known {
    /// The ends of the flow, as far as they are on this node.
    pub(super) ends: Ends,
    /// Which of them it is.
    pub(super) attribution: Option<Attribution>,
    /// The generation of the node by which it is.
    generation: u64,
    /// Whether everything was known about NAT that had to be.
    complete: bool,
    /// The packet came from a container whose address is not the one that it bears: it is nobody's.
    pub(super) forged: bool,
}

/// An event whose attribution is known.
pub(super) type Ready = (Event, Known);

/// What is known of flows, and what is asked.
pub(super) struct Attributor {
    /// Attribution takes long, and a bad day has many events of few flows.
    known: Recent<Seen, Known>,
    nat: Nat,
    pending: Pending,
    origins: Origins,
    unanswered: u64,
    forged: u64,
}

impl Default for Attributor {
    fn default() -> Attributor {
        Attributor {
            known: Recent::new(HOLD_NS, ATTRIBUTIONS),
            nat: Nat::default(),
            pending: Pending::default(),
            origins: Origins::default(),
            unanswered: 0,
            forged: 0,
        }
    }
}

impl Attributor {
    /// Attributes an event; absent when it must wait, for an answer or behind others of its flow. Where there is no room to
    /// wait it is attributed by what is known.
    pub(super) fn attribute(&mut self, event: Event, flows: &Flows, node: &Node) -> Option<Ready> {
        let event = match self.pending.follow(event) {
            Ok(None) => return None,
            Ok(Some(first)) => match self.look_up(&first, first.time_ns, flows, node, true) {
                Ok(known) => return Some(self.checked(first, known, flows, node)),
                Err(query) => self.pending.begin(query, first).err()?,
            },
            Err(event) => event,
        };
        let known = self.look_up(&event, event.time_ns, flows, node, false).ok()?;
        Some(self.checked(event, known, flows, node))
    }

    /// Makes nobody's what bears the address of another than its sender.
    fn checked(&mut self, event: Event, known: Known, flows: &Flows, node: &Node) -> Ready {
        let begun = || flows.find(event.netns, event.flow).is_some();
        if self.origins.is_forged(&event, &known.ends, begun, node) {
            self.forged += 1;
            let (ends, attribution) = (Ends::default(), None);
            return (event, Known { ends, attribution, forged: true, ..known });
        }
        (event, known)
    }

    /// Whether an ACK that asks for a hole bears the address of another than its sender.
    pub(super) fn is_forged_asker(&mut self, event: &Event, flows: &Flows, node: &Node) -> bool {
        let remote = event.flow.dst.ip();
        let src =
            topology::resolve(node, event.netns, event.flow.src.ip()).map(|netns| End { netns, remote });
        let begun = || flows.find(event.netns, event.flow).is_some();
        self.origins.is_forged(event, &Ends { src, dst: None }, begun, node)
    }

    /// Whether it cannot be told who sent a SYN, and it was not seen by whom it names.
    pub(super) fn is_forged_syn(&mut self, event: &Event, node: &Node) -> bool {
        let sender = topology::resolve(node, event.netns, event.flow.src.ip());
        let forged = self.origins.is_unknown(event, sender, node);
        self.forged += u64::from(forged);
        forged
    }

    /// Notes which namespaces there are now.
    pub(super) fn look(&mut self, now_ns: u64, node: &Node) {
        self.origins.look(now_ns, node);
    }

    /// Events of packets that bore the address of another than their sender.
    pub(super) fn forged(&self) -> u64 {
        self.forged
    }

    /// The questions that came up since the last call.
    pub(super) fn queries(&mut self) -> Vec<NatQuery> {
        self.nat.queries()
    }

    /// Takes in the answer to one of them. Returns the events that need not wait any more.
    pub(super) fn answer(
        &mut self,
        query: NatQuery,
        inner: Option<Flow>,
        now_ns: u64,
        flows: &Flows,
        node: &Node,
    ) -> Vec<Ready> {
        self.nat.answer(query, inner, now_ns);
        let waiting = self.pending.take(query);
        waiting.into_iter().flat_map(|flow| self.resume(flow, now_ns, flows, node, true)).collect()
    }

    /// Whether events wait.
    pub(super) fn is_waiting(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Attributes by what is known those that have waited since then or longer.
    pub(super) fn give_up(&mut self, since_ns: u64, now_ns: u64, flows: &Flows, node: &Node) -> Vec<Ready> {
        let late = self.pending.take_since(since_ns);
        late.into_iter().flat_map(|flow| self.resume(flow, now_ns, flows, node, false)).collect()
    }

    /// Events that were attributed without what NAT has made of their flow: it was not known in time.
    pub(super) fn unanswered(&self) -> u64 {
        self.unanswered
    }

    fn resume(
        &mut self,
        waiting: Waiting,
        now_ns: u64,
        flows: &Flows,
        node: &Node,
        may_ask: bool,
    ) -> Vec<Ready> {
        let Some(first) = waiting.events.first() else { return Vec::new() };
        match self.look_up(first, now_ns, flows, node, may_ask) {
            Ok(known) => {
                if !known.complete {
                    self.unanswered += waiting.events.len() as u64 - 1;
                }
                let events = waiting.events.into_iter();
                events.map(|event| self.checked(event, known.clone(), flows, node)).collect()
            }
            Err(query) => {
                self.pending.wait(Waiting { query, ..waiting });
                Vec::new()
            }
        }
    }

    /// # Errors
    /// A question that must be answered first, if one may be asked.
    fn look_up(
        &mut self,
        event: &Event,
        now_ns: u64,
        flows: &Flows,
        node: &Node,
        may_ask: bool,
    ) -> Result<Known, NatQuery> {
        let seen = (event.netns, event.flow);
        if let Some(known) = self.known.get(&seen, now_ns)
            && known.generation == node.generation
        {
            return Ok(known.clone());
        }
        let mut complete = true;
        let ends = attribution::ends(event, flows, node, &mut |query| {
            let translation = self.nat.translate(query, now_ns, may_ask);
            complete &= translation != Translation::Unknown;
            translation
        })?;
        let attribution = attribution::attribute(ends, node);
        let known = Known { ends, attribution, generation: node.generation, complete, forged: false };
        if complete {
            self.known.insert(seen, known.clone(), now_ns);
        } else {
            self.unanswered += 1;
        }
        Ok(known)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::attribution::tests::{event, flow};
    use crate::model::EventKind;
    use crate::testing::node::incident;

    #[test]
    fn one_flow_too_many_does_not_make_all_of_them_forgotten() {
        let (mut attributor, flows, node) = (Attributor::default(), Flows::default(), incident().0);
        let of = |n| event(1, flow("192.0.2.10:80", &format!("192.0.2.11:{n}")), EventKind::Retransmit);
        for n in 0..=ATTRIBUTIONS {
            assert!(attributor.attribute(of(n), &flows, &node).is_some());
        }
        assert_eq!(attributor.known.len(), ATTRIBUTIONS);
        let mut is_known = |n| attributor.known.get(&(of(n).netns, of(n).flow), 0).is_some();
        assert!(!is_known(0) && is_known(1));
    }
}
