//! Five hundred containers come and go while it runs: none is missed that lived two seconds, none is left in memory.
//! What is counted is all that the tracer sees, so it sees a world of its own.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use mtutrace_tests::check::skip;
use mtutrace_tests::lab::alone;
use mtutrace_tests::lab::crowd::Crowd;
use mtutrace_tests::lab::datagrams::{Discovery, udp_send};
use mtutrace_tests::lab::leaks::Held;
use mtutrace_tests::lab::tracer::Tracer;
use mtutrace_tests::lab::wait;
use serde_json::Value;

/// Nodes side by side with the same addresses; each starts and removes batches, one after the other, twice.
const NODES: usize = 4;
const BATCH: usize = 25;
const CONTAINERS: usize = 500;
/// What is promised to be enough.
const LIFE: Duration = Duration::from_secs(2);
const SOON: Duration = Duration::from_secs(20);
/// What a run keeps of a container that is gone, for ten minutes: its figures for the final report. With them, and what
/// an allocator does not give back, memory may grow by this.
const REMAINS: u64 = 6_000_000;

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

/// What the tracer watches and holds.
#[derive(Debug, PartialEq, Eq)]
struct Load {
    counts: [Option<u64>; 3],
    held: Held,
    files: usize,
}

fn counts(status: &Value) -> [Option<u64>; 3] {
    ["namespaces", "containers", "interfaces"].map(|name| status[name].as_u64())
}

fn load(tracer: &Tracer, counts: [Option<u64>; 3]) -> Load {
    let files = std::fs::read_dir(format!("/proc/{}/fd", tracer.pid())).unwrap().count();
    Load { counts, held: Held::by(tracer.pid()).unwrap(), files }
}

/// Resident bytes (proc(5), statm).
fn resident(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/statm")).unwrap();
    text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}

/// Waits until it watches and holds what it did in the beginning, and gives its memory then.
fn settle(tracer: &mut Tracer, start: &Load) -> u64 {
    let mut last = [None; 3];
    let mut now = None;
    let settled = wait::until("what is gone to be let go", SOON, || {
        while let Some(line) = tracer.next_line(Duration::from_millis(1)) {
            let line = serde_json::from_str::<Value>(&line)?;
            if line["kind"] == "status" {
                last = counts(&line);
            }
        }
        now = Some(load(tracer, last));
        Ok((now.as_ref() == Some(start)).then_some(()))
    });
    settled.unwrap_or_else(|error| panic!("{error:#}: {start:?} became {now:?}"));
    resident(tracer.pid())
}

#[test]
fn five_hundred_containers_come_and_go() {
    if skip() || alone::ran("five_hundred_containers_come_and_go") {
        return;
    }
    let mut tracer = Tracer::start(&[]).unwrap();
    let first = tracer.wait_for("the first status", SOON, |line| line["kind"] == "status").unwrap();
    let start = load(&tracer, counts(&first));
    let began = Instant::now();
    let mut ids = all(CONTAINERS / 2);
    let half = settle(&mut tracer, &start);
    ids.extend(all(CONTAINERS - CONTAINERS / 2));
    let whole = settle(&mut tracer, &start);
    let took = began.elapsed();
    let end = tracer.interrupt().unwrap();

    let events = end.of_kind("event");
    let seen = events.iter().filter_map(|event| event["container"]["id"].as_str()).collect::<BTreeSet<_>>();
    let missed = ids.iter().filter(|id| !seen.contains(id.as_str())).collect::<Vec<_>>();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), CONTAINERS);
    assert!(missed.is_empty(), "{} of {CONTAINERS} missed: {missed:?}", missed.len());
    assert!(
        whole.saturating_sub(half) < REMAINS,
        "memory grew from {half} to {whole} bytes in the second half"
    );
    eprintln!(
        "{CONTAINERS} containers in {took:.0?}; resident bytes after half of them {half}, after all {whole}"
    );
}
