//! What an event costs in user space: `cargo test --release -p mtutrace --lib -- --ignored --nocapture cost_per_event`.
use std::time::Instant;

use mtutrace_common::config::DropCause;

use super::tests::{POD, SERVER, node, table, too_big};
use super::*;
use crate::diagnosis::attribution::tests::{event, flow};

const EVENTS: u32 = 200_000;

fn nanoseconds(make: impl Fn(u32) -> Event) -> f64 {
    let (mut engine, node, table) = (Engine::default(), node(), table());
    let begun = Instant::now();
    for n in 0..EVENTS {
        // A million packets a second: rings and memories turn over as they would.
        let event = Event { time_ns: u64::from(n) * 1000, seq: n, ip_id: n as u16, ..make(n) };
        engine.event_by(event, &node, &table);
        if n % 10_000 == 0 {
            engine.tick(u64::from(n) * 1000, &node);
        }
    }
    begun.elapsed().as_nanos() as f64 / f64::from(EVENTS)
}

#[test]
#[ignore = "a measurement: what it prints is this machine's business"]
fn cost_per_event() {
    let dies = || too_big(DropCause::Forward);
    let port = |n: u32| format!("10.42.0.108:{}", 1024 + n % 60_000);
    let one = flow(SERVER, POD);
    let elsewhere = |n: u32| flow(SERVER, &format!("10.42.{}.{}:80", 1 + n / 250 % 250, 1 + n % 250));
    let rows = [
        ("one flow", nanoseconds(|_| event(1, one, dies()))),
        ("each of another flow", nanoseconds(|n| event(1, flow(SERVER, &port(n)), dies()))),
        ("each of another address", nanoseconds(|n| event(1, elsewhere(n), dies()))),
        ("one flow, fits", nanoseconds(|_| event(1, one, EventKind::Retransmit))),
    ];
    let [(_, first), ..] = rows;
    for (what, ns) in rows {
        eprintln!("{what:<24} {ns:>7.0} ns/event, {:.2} x", ns / first);
    }
}
