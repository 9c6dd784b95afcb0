//! A report as a run writes it, for unit tests.

use mtutrace_tests::bench::report::Report;
use serde_json::{Value, json};

fn spread(median: f64, min: f64, max: f64, count: usize) -> Value {
    json!({"median": median, "min": min, "max": max, "count": count})
}

fn one(number: f64) -> Value {
    spread(number, number, number, 1)
}

fn tool(name: &str, packets: Value, ratio: Value) -> Value {
    json!({
        "path": "nested", "tool": name, "packets": packets, "packets_ratio": ratio, "megabits": one(9000.0),
        "megabits_ratio": one(0.95), "packet_ns": one(1100.0), "packet_ns_ratio": spread(1.1, 1.05, 1.2, 5),
        "kilobyte_ns": one(90.0), "kilobyte_ns_ratio": one(1.05), "cpu_percent": one(1.5), "resident_bytes": one(4e7), "ready_ms": one(900.0),
        "idle_percent": 0.4, "lost": 0, "programs": [{"program": "mtut_in", "runs": 6.0, "ns": 300.0}],
    })
}

fn crowd(containers: usize, with: f64) -> Value {
    json!({
        "containers": containers, "interfaces": containers + 2, "ready_ms": one(800.0), "attached_ms": one(900.0), "end_ms": one(50.0),
        "start_cpu_ms": one(300.0), "resident_bytes": one(4e7), "peak_bytes": one(5e7), "descriptors": one(100.0),
        "idle_percent": one(0.5), "without_ns": one(1000.0), "with_ns": one(with), "ratio": one(with / 1000.0),
        "programs": [{"program": "mtut_in", "runs": 2.0, "ns": 130.0}],
    })
}

/// Two tools, one of which is missing; two crowds; one rate.
pub(super) fn sample() -> Report {
    let report = json!({
        "v": 1, "quick": false, "seconds": 700.0,
        "machine": {"kernel": "6.18.0", "cpu": "An Example CPU", "cpus": 2, "memory_bytes": 24_000_000_000_u64, "day": "2026-11-28"},
        "bench": {"v": 1, "kind": "bench",
            "rows": [
                {"program": "mtut_empty", "packet": "ordinary", "ns": 42.0, "ratio": 1.0, "ns_min": 40.0, "ns_max": 44.0},
                {"program": "mtut_in", "packet": "ordinary", "ns": 50.0, "ratio": 1.2, "ns_min": 48.0, "ns_max": 60.0},
                {"program": "mtut_in", "packet": "syn", "ns": 840.0, "ratio": 20.0, "ns_min": 800.0, "ns_max": 900.0}],
            "programs": [{"program": "mtut_in", "instructions": 3000, "verified": 7000}, {"program": "mtut_empty", "instructions": 3}]},
        "live": [
            {"path": "nested", "tool": "nothing", "packets": one(400_000.0), "packet_ns": one(1000.0),
             "megabits": one(9500.0), "kilobyte_ns": one(86.0), "programs": []},
            tool("mtutrace", spread(360_000.0, 350_000.0, 370_000.0, 5), spread(0.9, 0.88, 0.92, 5)),
            {"path": "nested", "tool": "dropwatch", "missing": "no NET_DM", "programs": []}],
        "events": [{"rate": 1000, "packets": 999, "packets_per_second": 999.2, "drops": 999, "records": 2000, "decoded": 1500,
                    "left_out": 500, "lost": 0, "unaccounted": 0, "latency_p50_us": 120, "latency_p99_us": 900, "cpu_percent": 8.0}],
        "crowd": [crowd(1, 1050.0), crowd(50, 1100.0)],
        "counted": {"kernel": "6.12.0", "rows": [tool("mtutrace", one(4e5), one(0.96))]},
    });
    serde_json::from_value(report).unwrap()
}
