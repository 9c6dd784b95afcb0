//! Nothing that says "too big" vanishes, whatever comes in whatever order, and memory keeps within its bounds.
use std::collections::BTreeMap;

use mtutrace_common::HookId;
use mtutrace_common::config::DropCause;

use super::*;
use crate::diagnosis::attribution::tests::{Table, event, flow};
use crate::model::TcpInfo;
use crate::model::Verdict;

const MS: u64 = 1_000_000;
const EVENTS: usize = 1500;
const ENDS: [&str; 6] = [
    "192.0.2.10:80",
    "10.42.0.108:40000",
    "172.17.0.2:33333",
    "198.51.100.7:443",
    "10.42.0.1:9",
    "8.8.8.8:53",
];
const CAUSES: [DropCause; 9] = [
    DropCause::Forward,
    DropCause::Local,
    DropCause::BridgePort,
    DropCause::VethPeer,
    DropCause::Tunnel,
    DropCause::Other,
    DropCause::IcmpFiltered,
    DropCause::FragFailed,
    DropCause::Checksum,
];

/// Any event that the kernel side could send, and some that it should not.
fn any(random: &mut fastrand::Rng, time_ns: u64) -> Event {
    let mut end = || {
        let end = ENDS[random.usize(..ENDS.len())];
        // Many connections, and often the same.
        if random.bool() {
            end.to_owned()
        } else {
            format!("{}:{}", end.split(':').next().unwrap(), random.u16(1..))
        }
    };
    let mut of = flow(&end(), &end());
    of.protocol = if random.bool() { 6 } else { 17 };
    let some = |random: &mut fastrand::Rng, of: &[u32]| random.choice(of).copied().filter(|n| *n > 0);
    let mtu = some(random, &[0, 576, 1280, 1400, 1450, 1500, 9000]);
    let egress = some(random, &[0, 2, 3, 7, 8, 112, 99]);
    let router = random.choice(["192.0.2.254", "10.42.0.1", "203.0.113.1"]).map(|ip| ip.parse().unwrap());
    let cause = *random.choice(&CAUSES).unwrap();
    let kind = match random.u8(..9) {
        0 => EventKind::Oversized { mtu, egress, may_be_cut: random.bool() },
        1 => EventKind::Fragmented { mtu },
        2 => EventKind::IcmpSeen { from: router, to: None, mtu, message_id: random.u32(..8) },
        3 => EventKind::IcmpSent { mtu },
        4 => EventKind::Syn { mss: mtu, ack: random.bool(), identity: random.u32(..4) },
        5 => EventKind::Timeouts { in_a_row: random.u32(2..9) },
        6 => EventKind::SackHole { hole: random.u32(..3000), beyond: random.u32(..3000) },
        7 => EventKind::Retransmit,
        _ => EventKind::Drop {
            cause,
            reason: 93,
            location: 0,
            mtu,
            egress,
            device_mtu: mtu,
            icmp_too_big: cause == DropCause::IcmpFiltered,
        },
    };
    let hook = if random.bool() { HookId::TcIngress } else { HookId::TcEgress };
    let ifindex = random.choice([2, 3, 7, 8, 112, 99]).unwrap();
    let (length, seq) = (random.u32(40..9000), random.u32(..20));
    Event { time_ns, ifindex, hook, length, seq, ip_id: random.u16(..), ..event(random.u32(..5), of, kind) }
}

/// Whether it tells of a packet that died here of its size.
fn died(event: &Event) -> bool {
    match event.kind {
        EventKind::Drop { icmp_too_big: true, .. } => false,
        EventKind::Drop { cause: DropCause::Checksum, .. } => false,
        EventKind::Drop { .. } => true,
        _ => false,
    }
}

fn run(seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let (node, table) = (super::tests::node(), super::tests::table());
    let table: Table = table;
    let mut engine = Engine::default();
    let mut verdicts: Vec<Verdict> = Vec::new();
    let mut dead: BTreeMap<NetnsKey, u64> = BTreeMap::new();
    let mut now_ns = 0;
    for _ in 0..EVENTS {
        now_ns += random.u64(..20) * MS;
        if let Some(told) = engine.event_by(any(&mut random, now_ns), &node, &table)
            && died(&told.event)
        {
            let owner = node.key(told.owner.unwrap_or(told.event.netns));
            *dead.entry(if node.is_current(owner) { owner } else { NOBODY }).or_default() += 1;
        }
        if random.u8(..10) == 0 {
            verdicts.extend(engine.tick(now_ns, &node).1);
            for question in engine.questions(now_ns) {
                let reading = TcpInfo {
                    acked: random.u64(..3) * 500,
                    delivered: 3,
                    sends: 1448,
                    full: 1448,
                    timeouts: random.u32(..4),
                    waits: random.bool(),
                    ..TcpInfo::default()
                };
                engine.answer(question, random.bool().then_some(reading), now_ns, &node);
            }
        }
    }
    verdicts.extend(engine.standing(&node));
    let outcomes = engine.outcomes();
    let stated = |owner| has_stated(&engine.incidents, &engine.external, owner);
    for (owner, count) in dead {
        let counted = outcomes
            .get(&owner)
            .map_or(0, |o| o.adapted + o.told + o.elsewhere + o.unexplained.values().sum::<u64>());
        assert!(
            stated(owner) || counted >= count,
            "seed {seed}, {owner:?}: {count} died, {counted} are told"
        );
    }
    assert!(engine.incidents.len() <= 4096 && verdicts.len() < EVENTS);
    assert!(verdicts.iter().all(|verdict| !verdict.summary.is_empty() && !verdict.evidence.is_empty()));
}

#[test]
fn whatever_comes_in_whatever_order() {
    (0..16).for_each(run);
}
