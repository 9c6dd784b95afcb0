//! What is aimed at, and whether this run got there. A goal that was missed says so.

use mtutrace_tests::bench::live;
use mtutrace_tests::bench::report::Report;
use mtutrace_tests::bench::spread::Spread;

use super::number::{maybe, short};
use super::tables::total;
use crate::tables::Table;

/// How far the measured number may go.
#[derive(Clone, Copy)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

impl Bound {
    fn holds(self, number: f64) -> bool {
        match self {
            Bound::AtMost(bound) => number <= bound,
            Bound::AtLeast(bound) => number >= bound,
        }
    }

    fn words(self) -> String {
        match self {
            Bound::AtMost(bound) => format!("≤ {}", short(bound)),
            Bound::AtLeast(bound) => format!("≥ {}", short(bound)),
        }
    }
}

/// Goal × what was measured.
pub(super) fn table(report: &Report) -> Table {
    use Bound::{AtLeast, AtMost};
    let nested = ours(&report.live, "nested");
    let counted = report.counted.as_ref().map(|counted| counted.rows.as_slice()).unwrap_or_default();
    let runs = |row: Option<&live::Row>| total(&row?.programs, |share| share.runs);
    let median = |spread: Option<&Spread>| spread.map(|spread| spread.median);
    let crowd = |containers: usize| report.crowd.iter().find(|row| row.containers == containers);
    let events = report.events.iter().find(|row| row.rate == 10_000);
    let ms = |us: Option<u64>| us.map(|us| us as f64 / 1000.0);
    let goals = [
        ("a classifier, ordinary packet, times an empty one: the slowest", AtMost(1.25), slowest(report)),
        (
            "nested path: UDP 64 B packets/s, over nothing",
            AtLeast(0.98),
            median(nested.and_then(|row| row.packets_ratio.as_ref())),
        ),
        (
            "the same: TCP, over nothing",
            AtLeast(0.98),
            median(nested.and_then(|row| row.megabits_ratio.as_ref())),
        ),
        (
            "the same: instructions of a UDP packet, over the best of the other tools",
            AtMost(1.0),
            over_others(counted, |row| row.packet_ns_ratio.as_ref()),
        ),
        (
            "the same: its time, over the best of the other tools",
            AtMost(1.0),
            over_others(&report.live, |row| row.packet_ns_ratio.as_ref()),
        ),
        (
            "the same: program runs a packet, with kprobes (the guest)",
            AtMost(3.0),
            runs(ours(counted, "nested")).map(f64::round),
        ),
        ("the same, without (this kernel, if it has none)", AtMost(3.0), runs(nested).map(f64::round)),
        (
            "latency at 10,000 packets/s that are too big: p50, ms",
            AtMost(5.0),
            ms(events.and_then(|row| row.latency_p50_us)),
        ),
        ("the same: p99, ms", AtMost(50.0), ms(events.and_then(|row| row.latency_p99_us))),
        (
            "1,000 containers: ready after, s",
            AtMost(2.0),
            crowd(1000).map(|row| row.ready_ms.median / 1000.0),
        ),
        ("the same: end takes, s", AtMost(1.0), crowd(1000).map(|row| row.end_ms.median / 1000.0)),
        (
            "the same: descriptors a namespace",
            AtMost(2.0),
            crowd(1000).map(|row| row.descriptors.median / 1000.0),
        ),
        (
            "2,000 containers: memory, MB",
            AtMost(60.0),
            crowd(2000).map(|row| row.resident_bytes.median / 1e6),
        ),
        ("idle CPU with one container, %", AtMost(0.5), crowd(1).map(|row| row.idle_percent.median)),
        ("the same with 50", AtMost(0.5), crowd(50).map(|row| row.idle_percent.median)),
        ("the same with 1,000", AtMost(0.5), crowd(1000).map(|row| row.idle_percent.median)),
    ];
    let mut table = Table::of("what", ["goal", "here", "met"].into_iter());
    for (name, bound, measured) in goals {
        let met = measured.map_or("not measured", |number| if bound.holds(number) { "yes" } else { "no" });
        table.row(name, [bound.words(), maybe(measured), met.to_owned()]);
    }
    table
}

fn ours<'a>(rows: &'a [live::Row], path: &str) -> Option<&'a live::Row> {
    rows.iter().find(|row| row.path == path && row.tool == "mtutrace")
}

/// Of all classifiers.
fn slowest(report: &Report) -> Option<f64> {
    let rows = report.bench["rows"].as_array()?.iter().filter(|row| row["packet"] == "ordinary");
    rows.filter_map(|row| row["ratio"].as_f64()).reduce(f64::max)
}

/// mtutrace's ratio over the smallest of those of the others, on the nested path.
fn over_others(rows: &[live::Row], ratio: fn(&live::Row) -> Option<&Spread>) -> Option<f64> {
    let others = rows.iter().filter(|row| row.path == "nested" && row.tool != "mtutrace");
    let best = others.filter_map(|row| Some(ratio(row)?.median)).reduce(f64::min)?;
    Some(ratio(ours(rows, "nested")?)?.median / best)
}

#[cfg(test)]
mod tests {
    use super::super::sample::sample;
    use super::*;

    #[test]
    fn what_is_met_what_is_not_and_what_is_unknown() {
        let text = table(&sample()).to_string();
        let line = |name: &str| {
            let line = text.lines().find(|line| line.contains(name)).unwrap();
            line.split('|').map(str::trim).filter(|cell| !cell.is_empty()).skip(1).collect::<Vec<_>>()
        };
        assert_eq!(line("the slowest"), ["≤ 1.25", "1.20", "yes"]);
        assert_eq!(line("UDP 64 B packets/s"), ["≥ 0.98", "0.90", "no"]);
        assert_eq!(line("idle CPU with one"), ["≤ 0.50", "0.50", "yes"]);
        assert_eq!(line("2,000 containers"), ["≤ 60.0", "–", "not measured"]);
        assert_eq!(line("its time, over"), ["≤ 1.00", "–", "not measured"], "no other tool was there");
    }
}
