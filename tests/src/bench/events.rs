//! An event for each packet, more and more of them: how late they are reported, and what is left out.

use std::time::Duration;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::load::{Line, Sent};
use super::usage::Meter;
use crate::lab::incident::{Incident, IncidentSpec, SERVER};
use crate::lab::tracer::Tracer;

/// UDP payload of a packet of 1500 bytes, which the pod's MTU of 1450 does not take.
const TOO_BIG: u32 = 1472;
const PATIENCE: Duration = Duration::from_secs(30);

/// What became of the packets of one sender.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Packets a second that were asked for.
    pub rate: u64,
    /// Packets that died, each for its size.
    pub packets: u64,
    /// Those of a second.
    pub packets_per_second: f64,
    /// Drops that the kernel side saw: two for each packet, if it missed none. The packet's, and that of the ICMP about it, which the
    /// incident's firewall does not let pass.
    pub drops: u64,
    /// Records that its hooks wanted to make, of all signals.
    pub records: u64,
    /// Those that came to mtutrace and were understood.
    pub decoded: u64,
    /// Those that were left out, because their source or device had sent enough, and counted.
    pub left_out: u64,
    /// Those that found no room in the ring, and runs that the kernel skipped.
    pub lost: u64,
    /// Records that none of these counts has: 0, or the books are wrong.
    pub unaccounted: i64,
    /// From the packet to the report, microseconds, the median.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_p50_us: Option<u64>,
    /// The 99th percentile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub latency_p99_us: Option<u64>,
    /// CPU time of mtutrace meanwhile, percent of one CPU.
    pub cpu_percent: f64,
}

/// One run of mtutrace for each rate.
pub(super) fn measure(rates: &[u64], length: Duration, mut say: impl FnMut(&str)) -> Result<Vec<Row>> {
    let lab = Incident::build(IncidentSpec::default())?;
    let line = Line { from: lab.inner.place(), to: &lab.server, address: SERVER };
    let mut rows = Vec::new();
    for rate in rates {
        say(&format!("{rate} packets a second that are too big"));
        let tracer = Tracer::start_within(PATIENCE, &[])?;
        let pids = [tracer.pid()];
        let meter = Meter::start(&pids)?;
        let sent = line.paced(TOO_BIG, *rate, length)?;
        let cpu_percent = meter.percent(&pids)?;
        let status = tracer.interrupt()?.of_kind("status").pop().context("mtutrace ends without a status")?;
        rows.push(row(*rate, sent, &status, cpu_percent));
    }
    Ok(rows)
}

fn row(rate: u64, sent: Sent, status: &Value, cpu_percent: f64) -> Row {
    let number = |field: &str| status[field].as_u64().unwrap_or(0);
    let sum = |field: &str| {
        status[field].as_object().into_iter().flatten().filter_map(|(_, n)| n.as_u64()).sum::<u64>()
    };
    let (records, left_out) = (sum("records"), sum("left_out"));
    let accounted = number("decoded") + number("undecodable") + number("lost") + left_out;
    Row {
        rate,
        packets: sent.count,
        packets_per_second: sent.each_second(),
        drops: status["records"]["drop"].as_u64().unwrap_or(0),
        records,
        decoded: number("decoded"),
        left_out,
        lost: super::live::lost(status),
        unaccounted: records as i64 - accounted as i64,
        latency_p50_us: status["cost"]["latency_p50_us"].as_u64(),
        latency_p99_us: status["cost"]["latency_p99_us"].as_u64(),
        cpu_percent,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_books_balance_or_it_is_told() {
        let mut status = json!({
            "records": {"drop": 1000, "oversized": 500}, "left_out": {"drop": 700, "oversized": 400},
            "decoded": 390, "undecodable": 1, "lost": 9, "missed": 2,
            "cost": {"latency_p50_us": 80, "latency_p99_us": 900},
        });
        let sent = Sent { count: 1000, elapsed: Duration::from_millis(500), cpu_ns: 0 };
        let balanced = row(2000, sent, &status, 12.5);
        assert_eq!((balanced.records, balanced.left_out, balanced.lost), (1500, 1100, 11));
        assert_eq!((balanced.unaccounted, balanced.packets_per_second, balanced.drops), (0, 2000.0, 1000));
        assert_eq!((balanced.latency_p50_us, balanced.latency_p99_us), (Some(80), Some(900)));
        status["decoded"] = json!(380);
        assert_eq!(row(2000, sent, &status, 12.5).unaccounted, 10);
        let silent = row(2000, sent, &json!({}), 0.0);
        assert_eq!((silent.records, silent.latency_p50_us), (0, None));
    }
}
