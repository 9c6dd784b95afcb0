//! Plots of a report, SVG.

mod draw;

use anyhow::Result;
use mtutrace_tests::bench::report::Report;
use mtutrace_tests::bench::spread::Spread;

use self::draw::{Bars, Lines, bars, lines};
use super::tables::total;

/// A plot of a report.
pub(super) struct Plot {
    /// Its file's name.
    pub(super) file: &'static str,
    /// What it shows.
    pub(super) title: &'static str,
    draw: fn(&Report, &str) -> Result<String>,
}

impl Plot {
    /// The SVG.
    pub(super) fn svg(&self, report: &Report) -> Result<String> {
        (self.draw)(report, self.title)
    }
}

/// All of them.
pub(super) const PLOTS: [Plot; 6] = [
    Plot { file: "packets.svg", title: "One classifier, times an empty program", draw: packets },
    Plot {
        file: "tools.svg",
        title: "CPU time that packets take with each tool, times that without",
        draw: tools,
    },
    Plot {
        file: "devices.svg",
        title: "CPU time of a packet of 64 bytes, by containers on the node",
        draw: devices,
    },
    Plot { file: "start.svg", title: "Start and end, by containers on the node", draw: start },
    Plot { file: "memory.svg", title: "Memory, by containers on the node", draw: memory },
    Plot { file: "latency.svg", title: "From the packet to its report, by events", draw: latency },
];

/// The plot of that file.
pub(super) fn of(file: &str) -> Option<&'static Plot> {
    PLOTS.iter().find(|plot| plot.file == file)
}

fn packets(report: &Report, title: &str) -> Result<String> {
    let rows = report.bench["rows"].as_array().into_iter().flatten();
    // The ingress of the host's devices stands for the others.
    let rows = rows.filter(|row| row["program"] == "mtut_in");
    let (labels, ratios) = rows
        .map(|row| (row["packet"].as_str().unwrap_or_default().to_owned(), row["ratio"].as_f64()))
        .unzip();
    bars(&Bars { title, y: "times an empty program", labels, series: vec![("mtut_in".to_owned(), ratios)] })
}

fn tools(report: &Report, title: &str) -> Result<String> {
    let measured = report.live.iter().filter(|row| row.packet_ns_ratio.is_some());
    let mut labels = Vec::<String>::new();
    for row in measured {
        if !labels.contains(&row.tool) {
            labels.push(row.tool.clone());
        }
    }
    let mut series = Vec::new();
    for path in ["nested", "flat"] {
        let row = |tool: &String| report.live.iter().find(|row| row.path == path && row.tool == *tool);
        let median = |spread: Option<&Spread>| spread.map(|spread| spread.median);
        let udp = labels.iter().map(|tool| row(tool).and_then(|row| median(row.packet_ns_ratio.as_ref())));
        series.push((format!("{path}: UDP, 64 bytes"), udp.collect()));
        let tcp = labels.iter().map(|tool| row(tool).and_then(|row| median(row.kilobyte_ns_ratio.as_ref())));
        series.push((format!("{path}: TCP"), tcp.collect()));
    }
    bars(&Bars { title, y: "times that without", labels, series })
}

fn devices(report: &Report, title: &str) -> Result<String> {
    let points = |number: fn(&mtutrace_tests::bench::crowd::Row) -> Option<f64>| {
        report.crowd.iter().filter_map(|row| Some((row.containers as f64, number(row)?))).collect::<Vec<_>>()
    };
    let series = vec![
        ("without mtutrace", points(|row| Some(row.without_ns.median))),
        ("with mtutrace", points(|row| Some(row.with_ns.median))),
        ("of which in its programs", points(|row| total(&row.programs, |share| share.ns))),
    ];
    lines(&Lines {
        title,
        x: "containers, each with one veth",
        y: "nanoseconds a packet",
        logarithmic: false,
        series,
    })
}

fn start(report: &Report, title: &str) -> Result<String> {
    let points = |spread: fn(&mtutrace_tests::bench::crowd::Row) -> Spread| {
        report.crowd.iter().map(|row| (row.containers as f64, spread(row).median)).collect::<Vec<_>>()
    };
    let attached =
        report.crowd.iter().filter_map(|row| Some((row.containers as f64, row.attached_ms?.median)));
    let series = vec![
        ("until it is ready", points(|row| row.ready_ms)),
        ("until all is attached", attached.collect()),
        ("CPU time until it is ready", points(|row| row.start_cpu_ms)),
        ("from Ctrl-C to the end", points(|row| row.end_ms)),
    ];
    lines(&Lines {
        title,
        x: "containers, each with one veth",
        y: "milliseconds",
        logarithmic: false,
        series,
    })
}

fn memory(report: &Report, title: &str) -> Result<String> {
    let points = |spread: fn(&mtutrace_tests::bench::crowd::Row) -> Spread| {
        report.crowd.iter().map(|row| (row.containers as f64, spread(row).median / 1e6)).collect::<Vec<_>>()
    };
    let series = vec![("resident", points(|row| row.resident_bytes)), ("peak", points(|row| row.peak_bytes))];
    lines(&Lines { title, x: "containers, each with one veth", y: "megabytes", logarithmic: false, series })
}

fn latency(report: &Report, title: &str) -> Result<String> {
    let points = |quantile: fn(&mtutrace_tests::bench::events::Row) -> Option<u64>| {
        let rows = report.events.iter();
        rows.filter_map(|row| Some((row.packets_per_second, quantile(row)? as f64))).collect::<Vec<_>>()
    };
    let series = vec![("p50", points(|row| row.latency_p50_us)), ("p99", points(|row| row.latency_p99_us))];
    lines(&Lines {
        title,
        x: "packets a second that are too big",
        y: "microseconds",
        logarithmic: true,
        series,
    })
}

#[cfg(test)]
mod tests {
    use super::super::sample::sample;
    use super::*;

    #[test]
    fn every_plot_can_be_drawn_also_of_nothing() {
        let mut report = sample();
        for plot in &PLOTS {
            let svg = plot.svg(&report).unwrap();
            assert!(svg.starts_with("<svg ") && svg.contains(plot.title), "{}", plot.file);
        }
        report.live.clear();
        report.events.clear();
        report.crowd.clear();
        report.bench = serde_json::Value::Null;
        for plot in &PLOTS {
            assert!(plot.svg(&report).unwrap().contains(plot.title), "{}", plot.file);
        }
    }

    #[test]
    fn tools_that_are_missing_have_no_bar() {
        let svg = of("tools.svg").unwrap().svg(&sample()).unwrap();
        assert!(svg.contains("mtutrace") && !svg.contains("dropwatch"), "{svg}");
    }
}
