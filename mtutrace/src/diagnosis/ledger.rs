//! Evidence that no verdict is about yet: every packet that was too big is in here until it is known what became of it, so that
//! "no problem" is said only of what was seen to end well. Pure.
use std::collections::{BTreeMap, HashMap};

use mtutrace_common::config::DropCause;

use crate::model::{Event, EventKind, Flow, NetnsId, NetnsKey, Outcomes, SignalKind};

/// Most flows that are followed; of more only counts are kept, which nothing explains.
const FLOWS: usize = 4096;
/// Most of one owner.
const SHARE: usize = 256;
/// What was under way when the sender was told (RFC 6298: the least timeout on Linux).
const UNDER_WAY_NS: u64 = 200_000_000;

/// Whose it is when nobody can be named.
pub(crate) const NOBODY: NetnsKey = NetnsKey { id: NetnsId(0), generation: 0 };

/// What is known of one flow's packets that were too big.
#[derive(Clone, Debug, Default)]
struct Case {
    /// By cause or signal.
    counts: BTreeMap<&'static str, u64>,
    /// When the last of them was seen, CLOCK_MONOTONIC nanoseconds.
    last_ns: u64,
    /// When the sender was told for the first time since it last sent one.
    told_ns: Option<u64>,
    /// A message to the sender was dropped.
    filtered: bool,
}

impl Case {
    fn is_told(&self) -> bool {
        let later = |told_ns: u64| self.last_ns.saturating_sub(told_ns) > UNDER_WAY_NS;
        !self.filtered && self.told_ns.is_some_and(|told_ns| !later(told_ns))
    }
}

/// All of it, by owner.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    cases: HashMap<(NetnsKey, Flow), Case>,
    followed: BTreeMap<NetnsKey, usize>,
    /// Of flows that there was no room for, and what has none.
    rest: BTreeMap<NetnsKey, Outcomes>,
}

impl Ledger {
    /// Takes in an event, charged to `owner`; what is no evidence of a packet too big is ignored.
    pub(crate) fn note(&mut self, owner: NetnsKey, event: &Event) {
        match event.kind {
            EventKind::Fragmented { .. } => self.rest.entry(owner).or_default().fragmented += 1,
            EventKind::Drop { icmp_too_big: true, .. } => {
                if let Some(case) = self.case(owner, event) {
                    case.filtered = true;
                }
            }
            EventKind::IcmpSeen { .. } | EventKind::IcmpSent { .. } => {
                if let Some(case) = self.case(owner, event) {
                    case.told_ns = Some(event.time_ns);
                }
            }
            EventKind::Oversized { may_be_cut: true, .. } => {}
            EventKind::Drop { cause: DropCause::Checksum, .. } => {}
            EventKind::Drop { .. } | EventKind::Oversized { .. } => {
                let name = event.kind.drop_cause().unwrap_or(event.kind.signal().name());
                let refused = matches!(event.kind, EventKind::Drop { cause: DropCause::Local, .. });
                let Some(case) = self.case(owner, event) else {
                    let rest = self.rest.entry(owner).or_default();
                    *rest.unexplained.entry(name).or_default() += 1;
                    return;
                };
                *case.counts.entry(name).or_default() += 1;
                case.last_ns = case.last_ns.max(event.time_ns);
                if refused {
                    // EMSGSIZE tells it.
                    case.told_ns = Some(event.time_ns);
                }
            }
            _ => {}
        }
    }

    /// Notes an event of a namespace that is not known.
    pub(crate) fn elsewhere(&mut self, event: &Event) {
        let told = matches!(event.kind, EventKind::IcmpSeen { .. } | EventKind::IcmpSent { .. });
        let damaged = matches!(event.kind, EventKind::Drop { cause: DropCause::Checksum, .. });
        if !told && !damaged {
            self.rest.entry(NOBODY).or_default().elsewhere += 1;
        }
    }

    /// Notes a connection that stands still for a cause that is not known.
    pub(crate) fn unknown(&mut self, owner: NetnsKey, what: &'static str) {
        *self.rest.entry(owner).or_default().unexplained.entry(what).or_default() += 1;
    }

    /// What became of it all, by owner; of those that `explained` tells, a verdict says it.
    pub(crate) fn outcomes(&self, explained: impl Fn(NetnsKey) -> bool) -> BTreeMap<NetnsKey, Outcomes> {
        let mut all = self.rest.clone();
        let oversized = SignalKind::Oversized.name();
        for ((owner, flow), case) in &self.cases {
            let outcomes = all.entry(*owner).or_default();
            // A packet that was seen before it died is one packet.
            let died: u64 = case.counts.iter().filter(|(name, _)| **name != oversized).map(|(_, n)| n).sum();
            let packets = died.max(case.counts.get(oversized).copied().unwrap_or(0));
            match (case.is_told(), flow.is_tcp()) {
                (true, true) => outcomes.adapted += packets,
                (true, false) => outcomes.told += packets,
                _ => {
                    for (name, count) in
                        case.counts.iter().filter(|(name, _)| died == 0 || **name != oversized)
                    {
                        *outcomes.unexplained.entry(name).or_default() += count;
                    }
                }
            }
        }
        all.retain(|owner, outcomes| !explained(*owner) && !outcomes.is_empty());
        all
    }

    /// Gives up following those whose owner is gone; what they had counts as nobody's from now on, but for what `explained` tells.
    pub(crate) fn retain(&mut self, keep: impl Fn(NetnsKey) -> bool, explained: impl Fn(NetnsKey) -> bool) {
        if self.followed.keys().chain(self.rest.keys()).all(|owner| *owner == NOBODY || keep(*owner)) {
            return;
        }
        let gone = self.outcomes(|owner| owner == NOBODY || keep(owner) || explained(owner));
        let keep = |owner: NetnsKey| owner == NOBODY || keep(owner);
        self.cases.retain(|(owner, _), _| keep(*owner));
        self.followed.retain(|owner, _| keep(*owner));
        self.rest.retain(|owner, _| keep(*owner));
        let nobody = self.rest.entry(NOBODY).or_default();
        gone.values().for_each(|outcomes| nobody.add(outcomes));
    }

    fn case(&mut self, owner: NetnsKey, event: &Event) -> Option<&mut Case> {
        let key = (owner, event.flow);
        if !self.cases.contains_key(&key) {
            let followed = self.followed.entry(owner).or_default();
            if *followed >= SHARE || self.cases.len() >= FLOWS {
                return None;
            }
            *followed += 1;
        }
        Some(self.cases.entry(key).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::attribution::tests::{dropped, event, flow};
    use crate::model::NetnsId;

    const MS: u64 = 1_000_000;
    const TCP: u8 = 6;
    const OWNER: NetnsKey = NetnsKey { id: NetnsId(2), generation: 1 };

    fn at(ms: u64, protocol: u8, kind: EventKind) -> Event {
        let flow = Flow { protocol, ..flow("10.42.0.108:40000", "192.0.2.10:80") };
        Event { time_ns: ms * MS, ..event(1, flow, kind) }
    }

    fn died(ms: u64, protocol: u8) -> Event {
        at(ms, protocol, dropped(DropCause::Forward))
    }

    fn told(ms: u64, protocol: u8) -> Event {
        at(ms, protocol, EventKind::IcmpSent { mtu: Some(1400) })
    }

    fn outcome(events: &[Event]) -> Outcomes {
        let mut ledger = Ledger::default();
        events.iter().for_each(|event| ledger.note(OWNER, event));
        ledger.outcomes(|_| false).remove(&OWNER).unwrap_or_default()
    }

    #[test]
    fn who_was_told_and_sent_none_again_has_adapted() {
        let adapted = outcome(&[died(0, TCP), told(0, TCP), died(100, TCP)]);
        assert_eq!(adapted, Outcomes { adapted: 2, ..Outcomes::default() });
        let datagram = outcome(&[died(0, 17), told(0, 17)]);
        assert_eq!(datagram, Outcomes { told: 1, ..Outcomes::default() });
    }

    #[test]
    fn what_was_not_seen_to_end_well_is_not_explained() {
        let unexplained = |causes: &[(&'static str, u64)]| Outcomes {
            unexplained: causes.iter().copied().collect(),
            ..Outcomes::default()
        };
        assert_eq!(outcome(&[died(0, TCP)]), unexplained(&[("forward_df", 1)]), "nobody told");
        let again = [died(0, TCP), told(0, TCP), died(300, TCP)];
        assert_eq!(outcome(&again), unexplained(&[("forward_df", 2)]), "told, and sent again");
        let EventKind::Drop { reason, location, mtu, egress, device_mtu, .. } =
            dropped(DropCause::IcmpFiltered)
        else {
            panic!()
        };
        let cause = DropCause::IcmpFiltered;
        let kind = EventKind::Drop { cause, reason, location, mtu, egress, device_mtu, icmp_too_big: true };
        let filtered = [died(0, TCP), told(0, TCP), at(0, TCP, kind)];
        assert_eq!(outcome(&filtered), unexplained(&[("forward_df", 1)]), "the message was dropped");
    }

    #[test]
    fn nothing_vanishes_however_many_there_are() {
        let mut ledger = Ledger::default();
        for port in 1..=10_000u16 {
            let flow = flow(&format!("10.42.0.108:{port}"), "192.0.2.10:80");
            ledger.note(OWNER, &event(1, flow, dropped(DropCause::Forward)));
        }
        assert_eq!(ledger.cases.len(), SHARE);
        let all = ledger.outcomes(|_| false);
        assert_eq!(all[&OWNER].unexplained["forward_df"], 10_000);
        assert!(ledger.outcomes(|_| true).is_empty(), "a verdict says it");
        ledger.retain(|_| true, |_| false);
        assert_eq!(ledger.cases.len(), SHARE);
        ledger.retain(|_| false, |_| false);
        assert!(ledger.cases.is_empty());
        assert_eq!(
            ledger.outcomes(|_| false)[&NOBODY].unexplained["forward_df"],
            10_000,
            "its owner is gone"
        );
    }
}
