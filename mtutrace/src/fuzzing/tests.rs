//! What a fuzz target reads, some thousand times, with any compiler: each begins with valid input.
//! `MTUTRACE_FUZZ_RUNS=N` runs each so often, `MTUTRACE_SEED=N` draws what an earlier run did.
use std::collections::BTreeSet;
use std::path::Path;

use fastrand::Rng;
use test_case::test_case;

use super::{mutate, seeds};
use crate::fuzzing;

/// Runs of each target, and bytes that they read all together at most: a capture is larger than a line.
const RUNS: usize = 4_000;
const BYTES: usize = 6_000_000;

/// The targets that have a test here.
const TESTED: [&str; 13] = [
    "btf",
    "capture",
    "cgroup",
    "conntrack",
    "counters",
    "cri",
    "docker",
    "filter",
    "netlink",
    "proc",
    "record",
    "recording",
    "symbols",
];

/// Shows what made a reader panic.
struct Shown<'a>(u64, usize, &'a [u8]);

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Shown(seed, number, bytes) = self;
            eprintln!("MTUTRACE_SEED={seed}, run {number}: {:?}", bytes.escape_ascii().to_string());
        }
    }
}

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

fn text(read: fn(&str)) -> impl Fn(&[u8]) {
    move |bytes| read(&String::from_utf8_lossy(bytes))
}

#[test_case("btf", fuzzing::btf; "btf")]
#[test_case("capture", fuzzing::capture; "capture")]
#[test_case("cgroup", fuzzing::cgroup; "cgroup")]
#[test_case("conntrack", text(fuzzing::conntrack); "conntrack")]
#[test_case("counters", text(fuzzing::counters); "counters")]
#[test_case("cri", fuzzing::cri; "cri")]
#[test_case("docker", fuzzing::docker; "docker")]
#[test_case("filter", text(fuzzing::filter); "filter")]
#[test_case("netlink", fuzzing::netlink; "netlink")]
#[test_case("proc", fuzzing::proc; "proc")]
#[test_case("record", fuzzing::record; "record")]
#[test_case("recording", fuzzing::recording; "recording")]
#[test_case("symbols", fuzzing::symbols; "symbols")]
fn nothing_that_anybody_writes_is_fatal(target: &str, read: impl Fn(&[u8])) {
    assert!(TESTED.contains(&target));
    let seeds = seeds::of(target);
    seeds.iter().for_each(|seed| read(seed));
    let mean = seeds.iter().map(Vec::len).sum::<usize>() / seeds.len();
    let runs = setting("MTUTRACE_FUZZ_RUNS").map_or(RUNS.min(BYTES / mean.max(1)), |runs| runs as usize);
    let seed = setting("MTUTRACE_SEED").unwrap_or_else(|| fastrand::u64(..));
    let mut random = Rng::with_seed(seed);
    for number in 0..runs {
        let valid = &seeds[random.usize(..seeds.len())];
        let bytes = mutate::mutate(&mut random, valid);
        let shown = Shown(seed, number, &bytes);
        read(shown.2);
    }
}

/// A target that is added to tests/fuzz is added here, and the other way round.
#[test]
fn each_target_is_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fuzz/fuzz_targets");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let targets: BTreeSet<String> =
        files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(targets, TESTED.map(str::to_owned).into());
}
