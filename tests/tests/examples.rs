//! The examples of the documents are of this version: a real run has the same fields and words. With
//! `MTUTRACE_WRITE_EXAMPLES=1` they are written anew.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::time::Duration;

use mtutrace_tests::check::{is_verdict, skip};
use mtutrace_tests::examples::{block, lay_out, replace, shape, shorten, wording};
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::tracer::{End, Tracer, stdout_of};
use mtutrace_tests::tools::repository;
use serde_json::Value;

/// The first fields, in the order in which they are best read.
const ORDER: [&str; 8] = ["v", "kind", "time", "since", "id", "signal", "cause", "verdict"];

/// A document, and what is to be put into it.
struct Document {
    path: &'static str,
    text: String,
    writes: bool,
    stale: Vec<String>,
}

impl Document {
    fn open(path: &'static str) -> Self {
        let text = std::fs::read_to_string(repository(path)).unwrap();
        let writes = std::env::var_os("MTUTRACE_WRITE_EXAMPLES").is_some();
        Document { path, text, writes, stale: Vec::new() }
    }

    fn json(&mut self, name: &str, mut line: Value) {
        shorten(&mut line);
        let old = block(&self.text, name).unwrap_or_else(|| panic!("{} has no example {name}", self.path));
        let old: Value = serde_json::from_str(old).unwrap_or_default();
        // Which hooks there are, and why not, is the kernel's business.
        let names = |value: &Value| match name {
            "status" | "doctor" => {
                value.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
            }
            _ => shape(value),
        };
        if names(&old) != names(&line) {
            let (old, new) = (names(&old), names(&line));
            let differ: Vec<_> = old.symmetric_difference(&new).collect();
            self.stale.push(format!("{name}: {differ:?}"));
        }
        self.put(name, &lay_out(line.as_object().unwrap(), &ORDER));
    }

    fn words(&mut self, name: &str, text: &str, compared: impl Fn(&str) -> Vec<String>) {
        let old = block(&self.text, name).unwrap_or_else(|| panic!("{} has no example {name}", self.path));
        if compared(old) != compared(text) {
            self.stale.push(format!("{name}: {:#?} is now {:#?}", compared(old), compared(text)));
        }
        self.put(name, text);
    }

    fn put(&mut self, name: &str, new: &str) {
        if self.writes {
            self.text = replace(&self.text, name, new).unwrap();
        }
    }

    fn close(self) {
        if self.writes {
            std::fs::write(repository(self.path), self.text).unwrap();
        } else {
            let again = "MTUTRACE_WRITE_EXAMPLES=1 cargo xtask test --no-vm -- of_this_version";
            assert!(self.stale.is_empty(), "{} is stale; {again}: {:#?}", self.path, self.stale);
        }
    }
}

fn line(text: &str) -> Value {
    serde_json::from_str(text.lines().next().unwrap()).unwrap()
}

/// The run of the incident until its verdict has said all; `format` is of -o.
fn run(lab: &Incident) -> End {
    let mut tracer = Tracer::start(&["--duration", "60s", "--container", &lab.inner.id]).unwrap();
    let _download = lab.download(300_000, Duration::from_secs(40)).unwrap();
    let wanted = |line: &Value| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
    tracer.wait_for("pmtu_blackhole", Duration::from_secs(30), wanted).unwrap();
    let retransmitted = |line: &Value| line["kind"] == "report" && line["counters"]["retransmit"].is_u64();
    tracer.wait_for("a report of retransmissions", Duration::from_secs(30), retransmitted).unwrap();
    tracer.interrupt().unwrap()
}

#[test]
fn examples_are_of_this_version() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let mut output = Document::open("docs/OUTPUT.md");
    let end = run(&lab);
    let last = |kind: &str| end.of_kind(kind).pop().unwrap();
    let events = end.of_kind("event");
    let drop = events.iter().find(|event| event["cause"] == "forward_df" && event["mtu"].is_u64()).unwrap();
    output.json("event", drop.clone());
    let reports = end.of_kind("report");
    let report = reports.iter().rfind(|report| report["delta"].is_object() && report["interval_ms"].is_u64());
    output.json("report", report.unwrap().clone());
    output.json("verdict", last("verdict"));
    output.json("status", last("status"));
    output.json("map", line(&stdout_of(&["map", "-o", "json", "--container", &lab.inner.id])));
    output.json("doctor", line(&stdout_of(&["doctor", "-o", "json"])));
    output.json("bench", line(&stdout_of(&["bench", "-o", "json", "--rounds", "1", "--repeat", "1000"])));
    output.close();

    let mut readme = Document::open("README.md");
    let mut tracer = Tracer::start_text(&["--duration", "60s", "--container", &lab.inner.id]).unwrap();
    let _download = lab.download(300_000, Duration::from_secs(40)).unwrap();
    tracer
        .wait_for_line("the verdict", Duration::from_secs(30), |line| {
            line.contains("PMTU black hole").then_some(())
        })
        .unwrap();
    let text = tracer.interrupt().unwrap().lines.join("\n");
    let verdict = text.split("\n\n").find(|part| part.trim_start().starts_with("CRITICAL")).unwrap().trim();
    // Evidence differs from run to run.
    let told = |text: &str| {
        let (before, evidence) = text.split_once("  evidence").unwrap_or((text, ""));
        let after = evidence.find("  now").map_or("", |at| &evidence[at..]);
        wording(before).into_iter().skip(1).chain(wording(after)).collect()
    };
    readme.words("text", &format!("$ cargo xtask run -- -o text\n{verdict}\n"), told);
    let map = stdout_of(&["map", "--container", &lab.inner.id]);
    let command = format!("$ mtutrace map --container {}", &lab.inner.id[..12]);
    readme.words("map", &format!("{command}\n{}\n", map.trim_end()), wording);
    readme.close();
}
