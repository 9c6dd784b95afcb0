//! Faults and healthy look-alikes, each a file in `accuracy/`: every verdict is right, and there is no false alarm.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use mtutrace_tests::accuracy;
use mtutrace_tests::check::skip;

#[test]
fn every_case_gets_the_verdict_that_it_deserves() {
    if skip() {
        return;
    }
    let mut cases = accuracy::cases().unwrap();
    // Parts of names; without it all.
    if let Ok(names) = std::env::var("MTUTRACE_CASES") {
        cases.retain(|case| names.split(',').any(|part| case.name.contains(part)));
    }
    let seed = std::env::var("MTUTRACE_SEED").ok().and_then(|seed| seed.parse().ok());
    let report = accuracy::run(cases, seed.unwrap_or_else(accuracy::random_seed), |_| {}).unwrap();
    assert!(report.wrong().next().is_none(), "{report}");
    eprintln!("{report}");
}
