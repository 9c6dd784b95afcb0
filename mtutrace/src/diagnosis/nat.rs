//! What NAT has made of flows, as far as the kernel has told. Pure: it says what the kernel is to be asked, and is told
//! the answers.
use std::collections::HashMap;

use crate::diagnosis::recent::Recent;
use crate::model::{Flow, NatQuery, NetnsId};

/// How long an answer holds, also that there is none.
const HOLD_NS: u64 = 2_000_000_000;
/// Most answers that are remembered.
const ANSWERS: usize = 8192;
/// Most queries that wait for their answer.
const WAITING: usize = 1024;
/// An answer that does not come within this is waited for no longer.
pub(super) const LATE_NS: u64 = 1_000_000_000;
/// Most queries in one second: one takes the kernel some ten microseconds.
const BUDGET: u32 = 2000;
/// Most of them in one namespace: one of many connections must not blind us to the others.
const SHARE: u32 = 500;
const SECOND_NS: u64 = 1_000_000_000;

/// What is known of a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Translation {
    /// How it reads inside; absent when the namespace does not track it.
    Known(Option<Flow>),
    /// The kernel is being asked.
    Asked,
    /// The kernel is not asked: too many questions, or it does not answer.
    Unknown,
}

/// The questions and answers.
pub(super) struct Nat {
    answers: Recent<NatQuery, Option<Flow>>,
    /// Queries without an answer, and since when.
    waiting: HashMap<NatQuery, u64>,
    /// Those of them that are still to be sent.
    unsent: Vec<NatQuery>,
    second: u64,
    spent: u32,
    spent_in: HashMap<NetnsId, u32>,
}

impl Default for Nat {
    fn default() -> Nat {
        Nat {
            answers: Recent::new(HOLD_NS, ANSWERS),
            waiting: HashMap::new(),
            unsent: Vec::new(),
            second: 0,
            spent: 0,
            spent_in: HashMap::new(),
        }
    }
}

impl Nat {
    /// What is known; if nothing is, and it may be, the kernel is asked.
    pub(super) fn translate(&mut self, query: NatQuery, now_ns: u64, may_ask: bool) -> Translation {
        if let Some(flow) = self.answers.get(&query, now_ns) {
            return Translation::Known(*flow);
        }
        if !may_ask {
            return Translation::Unknown;
        }
        if let Some(since_ns) = self.waiting.get(&query) {
            let late = now_ns.saturating_sub(*since_ns) >= LATE_NS;
            return if late { Translation::Unknown } else { Translation::Asked };
        }
        if self.waiting.len() >= WAITING || !self.spend(query.netns, now_ns) {
            return Translation::Unknown;
        }
        self.waiting.insert(query, now_ns);
        self.unsent.push(query);
        Translation::Asked
    }

    /// The queries to send, each once; every one of them must be answered.
    pub(super) fn queries(&mut self) -> Vec<NatQuery> {
        std::mem::take(&mut self.unsent)
    }

    /// Takes in an answer.
    pub(super) fn answer(&mut self, query: NatQuery, flow: Option<Flow>, now_ns: u64) {
        if self.waiting.remove(&query).is_some() {
            self.answers.insert(query, flow, now_ns);
        }
    }

    fn spend(&mut self, netns: NetnsId, now_ns: u64) -> bool {
        let second = now_ns / SECOND_NS;
        // Records of different CPUs may come out of order.
        if second > self.second {
            (self.second, self.spent) = (second, 0);
            self.spent_in.clear();
        }
        let spent = self.spent_in.entry(netns).or_default();
        if self.spent >= BUDGET || *spent >= SHARE {
            return false;
        }
        self.spent += 1;
        *spent += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::attribution::tests::flow;

    fn query(netns: u32, port: u32) -> NatQuery {
        let flow = flow(&format!("10.42.0.108:{port}"), "192.0.2.10:80");
        NatQuery { netns: NetnsId(netns), flow }
    }

    #[test]
    fn a_question_is_asked_once_and_its_answer_holds_for_a_while() {
        let (mut nat, inner) = (Nat::default(), flow("172.17.0.2:1", "192.0.2.10:80"));
        let other = query(2, 2);
        for asked in [query(2, 1), other, query(2, 1)] {
            assert_eq!(nat.translate(asked, 0, true), Translation::Asked);
        }
        assert_eq!(nat.queries(), [query(2, 1), other]);
        assert!(nat.queries().is_empty());
        nat.answer(query(2, 1), Some(inner), 10);
        nat.answer(other, None, 10);
        assert_eq!(nat.translate(query(2, 1), HOLD_NS, true), Translation::Known(Some(inner)));
        assert_eq!(nat.translate(other, HOLD_NS, true), Translation::Known(None));
        assert_eq!(nat.translate(other, HOLD_NS + 10, true), Translation::Asked);
    }

    #[test]
    fn who_does_not_answer_is_not_waited_for_nor_asked_again() {
        let mut nat = Nat::default();
        nat.translate(query(2, 1), 0, true);
        nat.queries();
        assert_eq!(nat.translate(query(2, 1), LATE_NS, true), Translation::Unknown);
        assert!(nat.queries().is_empty());
        nat.answer(query(2, 1), None, 2 * LATE_NS);
        assert_eq!(nat.translate(query(2, 1), 2 * LATE_NS, true), Translation::Known(None));
        nat.answer(query(3, 1), None, 2 * LATE_NS);
        assert_eq!(
            nat.translate(query(3, 1), 2 * LATE_NS, true),
            Translation::Asked,
            "nobody had asked for that"
        );
    }

    #[test]
    fn questions_have_a_budget_and_each_namespace_a_share() {
        let mut nat = Nat::default();
        let mut ask = |netns, n, now_ns| {
            let asked: Vec<_> = (0..n)
                .map(|port| query(netns, port))
                .filter(|q| nat.translate(*q, now_ns, true) == Translation::Asked)
                .collect();
            nat.queries();
            asked.iter().for_each(|query| nat.answer(*query, None, now_ns));
            asked.len()
        };
        assert_eq!([ask(1, 1000, 0), ask(2, 10, 0)], [500, 10]);
        assert_eq!([3, 4, 5].map(|netns| ask(netns, 1000, 0)), [500, 500, 490]);
        assert_eq!([ask(6, 10, 0), ask(6, 10, SECOND_NS)], [0, 10]);
    }

    #[test]
    fn no_more_wait_than_are_bearable() {
        let mut nat = Nat::default();
        for second in 0..10 {
            for port in 0..SHARE {
                nat.translate(query(second, port), u64::from(second) * SECOND_NS, true);
            }
        }
        assert_eq!((nat.waiting.len(), nat.queries().len()), (WAITING, WAITING));
    }
}
