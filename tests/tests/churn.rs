//! Five hundred containers come and go while it runs: none is missed that lived two seconds, none is left in memory.
//! What is counted is all that the tracer sees, so it sees a world of its own. `MTUTRACE_CONTAINERS=N` takes more of them.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use mtutrace_tests::check::skip;
use mtutrace_tests::lab::alone;
use mtutrace_tests::lab::crowd::Crowd;
use mtutrace_tests::lab::datagrams::{Discovery, udp_send};
use mtutrace_tests::lab::leaks::Held;
use mtutrace_tests::lab::tracer::Tracer;
use mtutrace_tests::lab::watched::Watched;

/// Nodes side by side with the same addresses; each starts and removes batches, one after the other, twice.
const NODES: usize = 4;
const BATCH: usize = 25;
const CONTAINERS: usize = 500;
const SOON: Duration = Duration::from_secs(5);
/// What is promised to be enough.
const LIFE: Duration = Duration::from_secs(2);
/// What a run keeps of a container that is gone, for ten minutes: its figures for the final report. With them, and what
/// an allocator does not give back, memory may grow by so many bytes for each.
const REMAINS: u64 = 24_000;

/// One node's part: containers that live as long as promised, send one packet that is too big, and go.
fn churn(count: usize) -> Vec<String> {
    let mut node = Crowd::build(0).unwrap();
    let mut ids = Vec::new();
    while ids.len() < count {
        node.add(BATCH.min(count - ids.len())).unwrap();
        let born = Instant::now();
        std::thread::sleep(LIFE.saturating_sub(born.elapsed()));
        for pod in &node.pods {
            let payload = Crowd::OWN_MTU - 28;
            let sent = udp_send(pod.place(), "192.0.2.9:9", payload, 1, Discovery::Probe).unwrap();
            assert_eq!(sent.sent, 1, "{sent:?}");
        }
        ids.extend(node.pods.drain(..).map(|pod| pod.id.clone()));
    }
    ids
}

/// All nodes at once; the ids of `count` containers that are gone.
fn all(count: usize) -> Vec<String> {
    std::thread::scope(|scope| {
        let nodes = (0..NODES).map(|node| {
            let share = count / NODES + usize::from(node < count % NODES);
            scope.spawn(move || churn(share))
        });
        nodes.collect::<Vec<_>>().into_iter().flat_map(|node| node.join().unwrap()).collect()
    })
}

#[test]
fn five_hundred_containers_come_and_go() {
    if skip() || alone::ran("five_hundred_containers_come_and_go") {
        return;
    }
    let containers = std::env::var("MTUTRACE_CONTAINERS").map_or(CONTAINERS, |text| text.parse().unwrap());
    let mut tracer = Tracer::start(&[]).unwrap();
    let start = Watched::first(&mut tracer).unwrap();
    let began = Instant::now();
    let mut ids = all(containers / 2);
    let half = start.settle(&mut tracer).unwrap();
    ids.extend(all(containers - containers / 2));
    let whole = start.settle(&mut tracer).unwrap();
    let took = began.elapsed();
    let held = Held::by(tracer.pid()).unwrap();
    let end = tracer.interrupt().unwrap();
    held.await_gone(SOON).unwrap();

    let events = end.of_kind("event");
    let seen = events.iter().filter_map(|event| event["container"]["id"].as_str()).collect::<BTreeSet<_>>();
    let missed = ids.iter().filter(|id| !seen.contains(id.as_str())).collect::<Vec<_>>();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), containers);
    assert!(missed.is_empty(), "{} of {containers} missed: {missed:?}", missed.len());
    assert!(
        whole.saturating_sub(half) < REMAINS * (containers as u64 / 2),
        "memory grew from {half} to {whole} bytes in the second half"
    );
    eprintln!(
        "{containers} containers in {took:.0?}; resident bytes after half of them {half}, after all {whole}"
    );
}
