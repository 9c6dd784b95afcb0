//! `mtutrace bench` measures what it says it does. Times are this machine's business, not a test's.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::process::{Command, Stdio};

use mtutrace_tests::check::skip;
use mtutrace_tests::lab::tracer::binary;
use serde_json::Value;

#[test]
fn rows_with_ratios() {
    if skip() {
        return;
    }
    let mut command = Command::new("timeout");
    command.arg("60").arg(binary().unwrap());
    command.args(["bench", "-o", "json", "--rounds", "3", "--repeat", "20000"]);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");

    let line: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert!(line["v"] == 1 && line["kind"] == "bench", "{line}");
    let row = |program: &str, packet: &str| {
        let mut rows = line["rows"].as_array().unwrap().iter();
        rows.find(|row| row["program"] == program && row["packet"] == packet)
            .unwrap_or_else(|| panic!("no row {program} {packet}: {line}"))
    };
    for (program, packet) in [("mtut_empty", "ordinary"), ("mtut_in", "ordinary"), ("mtut_in", "oversized")] {
        for field in ["ratio", "ns"] {
            let value = row(program, packet)[field].as_f64();
            assert!(value.is_some_and(|value| value > 0.0 && value.is_finite()), "{field}: {line}");
        }
    }
}
