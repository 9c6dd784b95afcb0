//! Faults and healthy look-alikes, each a file in `accuracy/`: every verdict is right, and there is no false alarm.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use mtutrace_tests::accuracy;
use mtutrace_tests::check::skip;

#[test]
fn every_case_gets_the_verdict_that_it_deserves() {
    if skip() {
        return;
    }
    let report = accuracy::run(accuracy::cases().unwrap(), accuracy::random_seed(), |_| {}).unwrap();
    assert!(report.wrong().next().is_none(), "{report}");
    eprintln!("{report}");
}
