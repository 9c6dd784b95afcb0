//! Events that wait for an answer about NAT, in their order per flow. Pure.
use std::collections::HashMap;

use crate::model::{Event, Flow, NatQuery, NetnsId};

/// Most events that wait.
const EVENTS: usize = 4096;
/// Most of those that wait for answers of one namespace.
const SHARE: usize = 1024;

/// Where a flow was seen, under which name: its events are attributed alike.
pub(super) type Seen = (NetnsId, Flow);

/// The events of one flow.
#[derive(Debug)]
pub(super) struct Waiting {
    /// The answer that they wait for.
    pub(super) query: NatQuery,
    /// Since when, CLOCK_MONOTONIC nanoseconds.
    pub(super) since_ns: u64,
    /// In the order in which they came; at least one.
    pub(super) events: Vec<Event>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Pending {
    flows: HashMap<Seen, Waiting>,
    by_query: HashMap<NatQuery, Vec<Seen>>,
    events: usize,
    events_in: HashMap<NetnsId, usize>,
}

impl Pending {
    /// Adds an event behind those of its flow; gives it back when none of them waits.
    ///
    /// # Errors
    /// The event, when there is no room.
    #[expect(clippy::result_large_err, reason = "the event itself is what comes back, and goes on by value")]
    pub(super) fn follow(&mut self, event: Event) -> Result<Option<Event>, Event> {
        let Some(query) = self.flows.get(&seen(&event)).map(|flow| flow.query) else {
            return Ok(Some(event));
        };
        if !self.has_room(query.netns) {
            return Err(event);
        }
        self.count(query.netns, 1);
        if let Some(flow) = self.flows.get_mut(&seen(&event)) {
            flow.events.push(event);
        }
        Ok(None)
    }

    /// The first event of a flow waits for an answer.
    ///
    /// # Errors
    /// The event, when there is no room.
    #[expect(clippy::result_large_err, reason = "the event itself is what comes back, and goes on by value")]
    pub(super) fn begin(&mut self, query: NatQuery, event: Event) -> Result<(), Event> {
        if !self.has_room(query.netns) {
            return Err(event);
        }
        self.wait(Waiting { query, since_ns: event.time_ns, events: vec![event] });
        Ok(())
    }

    /// Those that were taken out wait for another answer.
    pub(super) fn wait(&mut self, flow: Waiting) {
        let Some(seen) = flow.events.first().map(seen) else { return };
        self.count(flow.query.netns, flow.events.len());
        self.by_query.entry(flow.query).or_default().push(seen);
        self.flows.insert(seen, flow);
    }

    /// Takes out those that wait for this answer.
    pub(super) fn take(&mut self, query: NatQuery) -> Vec<Waiting> {
        let seen = self.by_query.remove(&query).unwrap_or_default();
        seen.iter().filter_map(|seen| self.remove(seen)).collect()
    }

    /// Takes out those that have waited since then or longer, the oldest first.
    pub(super) fn take_since(&mut self, before_ns: u64) -> Vec<Waiting> {
        let late = self.flows.iter().filter(|(_, flow)| flow.since_ns <= before_ns);
        let mut late: Vec<(u64, Seen)> = late.map(|(seen, flow)| (flow.since_ns, *seen)).collect();
        late.sort_unstable();
        late.iter().filter_map(|(_, seen)| self.remove(seen)).collect()
    }

    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.flows.is_empty()
    }

    fn remove(&mut self, seen: &Seen) -> Option<Waiting> {
        let flow = self.flows.remove(seen)?;
        if let Some(others) = self.by_query.get_mut(&flow.query) {
            others.retain(|other| other != seen);
            if others.is_empty() {
                self.by_query.remove(&flow.query);
            }
        }
        self.events -= flow.events.len();
        if let Some(events) = self.events_in.get_mut(&flow.query.netns) {
            *events -= flow.events.len();
            if *events == 0 {
                self.events_in.remove(&flow.query.netns);
            }
        }
        Some(flow)
    }

    fn has_room(&self, netns: NetnsId) -> bool {
        self.events < EVENTS && self.events_in.get(&netns).is_none_or(|events| *events < SHARE)
    }

    fn count(&mut self, netns: NetnsId, events: usize) {
        self.events += events;
        *self.events_in.entry(netns).or_default() += events;
    }
}

fn seen(event: &Event) -> Seen {
    (event.netns, event.flow)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::attribution::tests::{event, flow};
    use crate::model::EventKind;

    fn retransmit(port: u16, time_ns: u64) -> Event {
        let flow = flow("192.0.2.10:80", &format!("10.42.0.108:{port}"));
        Event { time_ns, ..event(1, flow, EventKind::Retransmit) }
    }

    fn query(netns: u32, port: u16) -> NatQuery {
        NatQuery { netns: NetnsId(netns), flow: retransmit(port, 0).flow }
    }

    fn times(flows: &[Waiting]) -> Vec<Vec<u64>> {
        flows.iter().map(|flow| flow.events.iter().map(|e| e.time_ns).collect()).collect()
    }

    #[test]
    fn events_of_a_flow_stay_in_order_until_its_answer() {
        let mut pending = Pending::default();
        assert!(pending.follow(retransmit(1, 10)).unwrap().is_some(), "it is the first");
        pending.begin(query(2, 1), retransmit(1, 10)).unwrap();
        pending.begin(query(2, 2), retransmit(2, 5)).unwrap();
        assert!(pending.follow(retransmit(1, 20)).unwrap().is_none());
        assert!(pending.follow(retransmit(1, 15)).unwrap().is_none());
        let mut told = pending.take(query(2, 1));
        assert_eq!(times(&told), [[10, 20, 15]]);
        // The next level of nesting is asked.
        let flow = told.pop().unwrap();
        pending.wait(Waiting { query: query(3, 1), ..flow });
        assert!(pending.take(query(2, 1)).is_empty());
        assert_eq!(times(&pending.take_since(10)), [vec![5], vec![10, 20, 15]]);
        assert!(pending.flows.is_empty() && pending.by_query.is_empty() && pending.events_in.is_empty());
        assert_eq!(pending.events, 0);
    }

    #[test]
    fn room_is_bounded_and_shared() {
        let mut pending = Pending::default();
        pending.begin(query(2, 1), retransmit(1, 0)).unwrap();
        let followed = (0..5000).filter(|_| pending.follow(retransmit(1, 0)).is_ok()).count();
        assert_eq!(followed, SHARE - 1);
        let begun = |pending: &mut Pending, netns, ports: std::ops::Range<u16>| {
            ports.filter(|port| pending.begin(query(netns, *port), retransmit(*port, 0)).is_ok()).count()
        };
        let all = [3, 4, 5].map(|n| begun(&mut pending, n, n as u16 * 2000..n as u16 * 2000 + 2000));
        assert_eq!(all, [SHARE; 3]);
        assert_eq!(begun(&mut pending, 6, 20..30), 0, "no room for anybody");
        pending.take(query(2, 1));
        assert_eq!(begun(&mut pending, 6, 20..30), 10);
    }
}
