//! `mtutrace bench` measures what it says it does. Times are this machine's business, not a test's.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::process::{Command, Stdio};

use mtutrace_tests::check::{kernel_is_at_least, skip};
use mtutrace_tests::lab::tracer::binary;
use serde_json::Value;

#[test]
fn rows_with_ratios() {
    if skip() {
        return;
    }
    let mut command = Command::new("timeout");
    command.arg("200").arg(binary().unwrap());
    command.args(["bench", "-o", "json", "--rounds", "3", "--repeat", "2000"]);
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
    let programs = ["mtut_in", "mtut_in_nested", "mtut_out", "mtut_in_l3", "mtut_out_l3"];
    let packets = [
        "ordinary",
        "udp, 64 bytes",
        "gso, segments that just fit",
        "oversized",
        "syn",
        "icmp too big",
        "first fragment",
        "ipv6, extension headers",
        "truncated",
    ];
    let all = programs.iter().flat_map(|program| packets.iter().map(move |packet| (*program, *packet)));
    for (program, packet) in all.chain([("mtut_empty", "ordinary"), ("mtut_in", "ordinary, slot shared")]) {
        let row = row(program, packet);
        let number = |field: &str| {
            let value = row[field].as_f64().filter(|value| *value > 0.0 && value.is_finite());
            value.unwrap_or_else(|| panic!("{field}: {row}"))
        };
        assert!(number("ratio") < 1e6);
        assert!(number("ns_min") <= number("ns") && number("ns") <= number("ns_max"), "{row}");
    }
    // What makes a record costs more than what makes none, on any machine.
    assert!(row("mtut_in", "oversized")["ratio"].as_f64() > row("mtut_in", "ordinary")["ratio"].as_f64());
    for program in programs.iter().chain(&["mtut_kfree", "mtut_empty"]) {
        let mut sizes = line["programs"].as_array().unwrap().iter();
        let size =
            sizes.find(|size| size["program"] == *program).unwrap_or_else(|| panic!("{program}: {line}"));
        // A verifier walks no more than a million instructions.
        assert!((1..=1_000_000).contains(&size["instructions"].as_u64().unwrap()), "{size}");
        if kernel_is_at_least(5, 16) {
            assert!((1..=1_000_000).contains(&size["verified"].as_u64().unwrap()), "{size}");
        }
    }
}
