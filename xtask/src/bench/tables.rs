//! What was measured, in tables that read well on a terminal and in Markdown.

use std::collections::BTreeSet;

use mtutrace_tests::bench::instructions::Counted;
use mtutrace_tests::bench::report::Report;
use mtutrace_tests::bench::runs::Share;
use mtutrace_tests::bench::{crowd, live};
use serde_json::Value;

use super::number::{UNKNOWN, maybe, short, spread};
use crate::tables::Table;

/// Bytes of a megabyte.
const MB: f64 = 1e6;

/// Everything, as the terminal shows it.
pub(super) fn all(report: &Report) -> String {
    let parts = [
        ("Programs by themselves: times an empty one", packets(&report.bench)),
        ("Sizes of programs", sizes(&report.bench)),
        ("Ordinary traffic", live(&report.live)),
        ("Where mtutrace's time goes: for each packet of 64 bytes", shares(&report.live)),
        ("Packets that are too big", events(report)),
        ("Many containers", crowd(&report.crowd)),
    ];
    let counted = report.counted.iter().map(|one| ("Ordinary traffic, in instructions", counted(one)));
    let parts = parts.into_iter().chain(counted).map(|(title, table)| format!("{title}\n\n{table}"));
    let parts = parts.collect::<Vec<_>>();
    format!("{}\n\n{}", machine(report), parts.join("\n"))
}

/// Where and when.
pub(super) fn machine(report: &Report) -> String {
    let machine = &report.machine;
    let trial = if report.quick { ". A quick trial: these numbers are not to be believed" } else { "" };
    format!(
        "Linux {} on {} ({} CPUs, {:.0} GB), {}, {:.0} s{trial}.",
        machine.kernel,
        machine.cpu,
        machine.cpus,
        machine.memory_bytes as f64 / 1e9,
        machine.day,
        report.seconds
    )
}

/// Kinds of packets × programs: the ratio to an empty program; of the first classifier nanoseconds, too.
pub(super) fn packets(bench: &Value) -> Table {
    let rows = bench["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
    let distinct = |field: &str| {
        let mut seen = BTreeSet::new();
        let names = rows.iter().filter_map(|row| row[field].as_str());
        names.filter(|name| seen.insert(*name)).collect::<Vec<_>>()
    };
    let programs = distinct("program");
    let mut table = Table::of("packet", programs.iter().copied().chain(["ns, the first classifier"]));
    for packet in distinct("packet") {
        let row =
            |program: &str| rows.iter().find(|row| row["program"] == program && row["packet"] == packet);
        let ratios = programs.iter().map(|program| maybe(row(program).and_then(|row| row["ratio"].as_f64())));
        // The first program is the empty one.
        let ns = programs.get(1).and_then(|program| row(program)).and_then(|row| row["ns"].as_f64());
        table.row(packet, ratios.chain([maybe(ns)]));
    }
    table
}

/// Program × how large it is.
pub(super) fn sizes(bench: &Value) -> Table {
    let mut table = Table::of("program", ["instructions", "verified instructions"].into_iter());
    for program in bench["programs"].as_array().into_iter().flatten() {
        let number = |field: &str| {
            program[field].as_u64().map_or_else(|| UNKNOWN.to_owned(), |number| number.to_string())
        };
        let name = program["program"].as_str().unwrap_or(UNKNOWN);
        table.row(name, ["instructions", "verified"].map(number));
    }
    table
}

/// Path and tool × what it costs.
pub(super) fn live(rows: &[live::Row]) -> Table {
    let columns = [
        "path's CPU/packet, ns",
        "over nothing",
        "path's CPU/kB of TCP, ns",
        "over nothing",
        "UDP 64 B, kpackets/s",
        "over nothing",
        "TCP, Mbit/s",
        "over nothing",
        "own CPU, %",
        "idle CPU, %",
        "memory, MB",
        "ready after, ms",
        "BPF runs/packet",
        "BPF ns/packet",
        "lost",
    ];
    by_tool(rows, &columns, |row| {
        vec![
            spread(row.packet_ns.as_ref(), 1.0),
            spread(row.packet_ns_ratio.as_ref(), 1.0),
            spread(row.kilobyte_ns.as_ref(), 1.0),
            spread(row.kilobyte_ns_ratio.as_ref(), 1.0),
            spread(row.packets.as_ref(), 1e3),
            spread(row.packets_ratio.as_ref(), 1.0),
            spread(row.megabits.as_ref(), 1.0),
            spread(row.megabits_ratio.as_ref(), 1.0),
            spread(row.cpu_percent.as_ref(), 1.0),
            maybe(row.idle_percent),
            spread(row.resident_bytes.as_ref(), MB),
            spread(row.ready_ms.as_ref(), 1.0),
            maybe(total(&row.programs, |share| share.runs)),
            maybe(total(&row.programs, |share| share.ns)),
            row.lost.map_or_else(|| UNKNOWN.to_owned(), |lost| lost.to_string()),
        ]
    })
}

/// Path and tool × what was measured of it, or why nothing was.
fn by_tool(rows: &[live::Row], columns: &[&str], cells: impl Fn(&live::Row) -> Vec<String>) -> Table {
    let mut table = Table::of("path", ["tool"].into_iter().chain(columns.iter().copied()));
    for row in rows {
        let (tool, mut cells) = match &row.missing {
            Some(why) => (format!("{} (not measured: {why})", row.tool), Vec::new()),
            None => (row.tool.clone(), cells(row)),
        };
        cells.resize(columns.len(), UNKNOWN.to_owned());
        table.row(&row.path, [tool].into_iter().chain(cells));
    }
    table
}

/// Path and tool × the instructions that a packet takes.
pub(super) fn counted(counted: &Counted) -> Table {
    let columns = [
        "instructions/packet",
        "over nothing",
        "instructions/kB of TCP",
        "over nothing",
        "BPF runs/packet",
        "of that BPF",
    ];
    by_tool(&counted.rows, &columns, |row| {
        vec![
            spread(row.packet_ns.as_ref(), 1.0),
            spread(row.packet_ns_ratio.as_ref(), 1.0),
            spread(row.kilobyte_ns.as_ref(), 1.0),
            spread(row.kilobyte_ns_ratio.as_ref(), 1.0),
            maybe(total(&row.programs, |share| share.runs)),
            maybe(total(&row.programs, |share| share.ns)),
        ]
    })
}

/// Over all programs; nothing where none ran.
pub(super) fn total(programs: &[Share], number: fn(&Share) -> f64) -> Option<f64> {
    programs.iter().map(number).reduce(|a, b| a + b)
}

/// Which of its programs ran for each packet, on each path.
pub(super) fn shares(rows: &[live::Row]) -> Table {
    let mut table = Table::of("path", ["program", "runs/packet", "ns/packet"].into_iter());
    // Less than one packet in a thousand is something else that went on.
    let ours = rows.iter().filter(|row| row.tool == "mtutrace");
    let shares = ours.flat_map(|row| row.programs.iter().map(move |share| (row, share)));
    for (row, share) in shares.filter(|(_, share)| share.runs > 0.001) {
        table.row(&row.path, [share.program.clone(), short(share.runs), short(share.ns)]);
    }
    table
}

/// Rates of packets that are too big × what became of them.
pub(super) fn events(report: &Report) -> Table {
    let columns = [
        "sent",
        "drops seen",
        "records",
        "told",
        "left out",
        "lost",
        "unaccounted",
        "latency p50, µs",
        "p99, µs",
        "CPU, %",
    ];
    let mut table = Table::of("packets/s", columns.into_iter());
    for row in &report.events {
        let whole = [row.packets, row.drops, row.records, row.decoded, row.left_out, row.lost];
        let latencies = [row.latency_p50_us, row.latency_p99_us].map(|us| maybe(us.map(|us| us as f64)));
        let cells = whole.map(|number| number.to_string()).into_iter().chain([row.unaccounted.to_string()]);
        let name = format!("{} ({:.0} reached)", row.rate, row.packets_per_second);
        table.row(&name, cells.chain(latencies).chain([short(row.cpu_percent)]));
    }
    table
}

/// Numbers of containers × what that costs.
pub(super) fn crowd(rows: &[crowd::Row]) -> Table {
    let columns = [
        "devices with classifiers",
        "ready after, ms",
        "CPU for that, ms",
        "all attached after, ms",
        "end takes, ms",
        "memory, MB",
        "peak, MB",
        "files",
        "idle CPU, %",
        "path's CPU/packet without, ns",
        "with, ns",
        "with over without",
        "BPF runs/packet",
        "BPF ns/packet",
    ];
    let mut table = Table::of("containers", columns.into_iter());
    for row in rows {
        let cells = [
            row.interfaces.to_string(),
            spread(Some(&row.ready_ms), 1.0),
            spread(Some(&row.start_cpu_ms), 1.0),
            spread(row.attached_ms.as_ref(), 1.0),
            spread(Some(&row.end_ms), 1.0),
            spread(Some(&row.resident_bytes), MB),
            spread(Some(&row.peak_bytes), MB),
            short(row.descriptors.median),
            spread(Some(&row.idle_percent), 1.0),
            spread(Some(&row.without_ns), 1.0),
            spread(Some(&row.with_ns), 1.0),
            spread(Some(&row.ratio), 1.0),
            maybe(total(&row.programs, |share| share.runs)),
            maybe(total(&row.programs, |share| share.ns)),
        ];
        table.row(&row.containers.to_string(), cells);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::super::sample::sample;
    use super::*;

    /// The cells of the first row that begins so.
    fn cells(table: &Table, first: &[&str]) -> Vec<String> {
        let text = table.to_string();
        let rows =
            text.lines().map(|line| line.trim_matches('|').split('|').map(str::trim).collect::<Vec<_>>());
        let found = rows.into_iter().find(|cells| cells.starts_with(first));
        found.unwrap_or_else(|| panic!("no {first:?} in\n{text}")).into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn every_table_is_full() {
        let report = sample();
        let all = all(&report);
        for line in all.lines().filter(|line| line.starts_with('|')) {
            assert!(!line.contains("|  |"), "{line}");
        }
        assert!(
            all.starts_with("Linux 6.18.0 on An Example CPU (2 CPUs, 24 GB), 2026-11-28, 700 s."),
            "{all}"
        );
    }

    #[test]
    fn what_was_not_measured_says_why() {
        let report = sample();
        let row = cells(&live(&report.live), &["nested", "dropwatch (not measured: no NET_DM)"]);
        assert!(row[2..].iter().all(|cell| cell == UNKNOWN), "{row:?}");
        let row = cells(&live(&report.live), &["nested", "mtutrace"]);
        assert_eq!(row[2..6], ["1100", "1.10 (1.05–1.20)", "90.0", "1.05"]);
        assert_eq!(row[6..10], ["360 (350–370)", "0.90 (0.88–0.92)", "9000", "0.95"]);
        assert_eq!(row[14..], ["6.00", "300", "0"]);
    }

    #[test]
    fn packets_are_rows_and_programs_columns() {
        let report = sample();
        let table = packets(&report.bench);
        assert_eq!(
            cells(&table, &["packet"]),
            ["packet", "mtut_empty", "mtut_in", "ns, the first classifier"]
        );
        assert_eq!(cells(&table, &["ordinary"]), ["ordinary", "1.00", "1.20", "50.0"]);
        assert_eq!(cells(&table, &["syn"]), ["syn", UNKNOWN, "20.0", "840"]);
    }

    #[test]
    fn events_and_crowds() {
        let report = sample();
        let row = cells(&events(&report), &["1000 (999 reached)"]);
        assert_eq!(row[1..8], ["999", "999", "2000", "1500", "500", "0", "0"]);
        let row = cells(&crowd(&report.crowd), &["50"]);
        assert_eq!(row[12..], ["1.10", "2.00", "130"]);
        assert_eq!(row[2..5], ["800", "300", "900"]);
        assert_eq!(cells(&shares(&report.live), &["nested"])[1..], ["mtut_in", "6.00", "300"]);
    }
}
