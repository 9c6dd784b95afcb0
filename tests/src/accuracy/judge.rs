//! What was said about one case, against what its file expects. Pure.

use jiff::Timestamp;
use serde_json::Value;

use super::case::{Case, Numbers};
use crate::check::fix_names;

/// Events that say that a packet was too big.
const TOO_BIG: [&str; 5] = ["oversized", "frag_failed", "drop", "icmp_sent", "fragmented"];
const FORESEEN: &str = "mss_exceeds_path";

/// Whom a case is about.
#[derive(Debug, Clone)]
pub(super) struct Cast {
    /// Ids of all its containers.
    pub(super) ids: Vec<String>,
    /// Inode numbers of all its namespaces.
    pub(super) inodes: Vec<u64>,
    /// Whose traffic the case has.
    pub(super) talkers: Vec<Sufferer>,
    /// Who suffers, if anything is expected.
    pub(super) sufferer: Sufferer,
}

/// Who a verdict is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sufferer {
    /// A container, by its id.
    Container(String),
    /// A namespace without one, by its inode number.
    Namespace(u64),
}

impl Sufferer {
    /// Whether a verdict, or a row of `map`, is about it.
    pub(super) fn is_in(&self, line: &Value) -> bool {
        match self {
            Self::Container(id) => line["container"]["id"] == id.as_str(),
            Self::Namespace(inode) => {
                let own = line.pointer("/path/0/netns").or_else(|| line.get("netns"));
                line["container"].is_null() && own.and_then(Value::as_u64) == Some(*inode)
            }
        }
    }
}

impl Cast {
    /// Whether a line is about the case: by its container, else by where it happened.
    pub(super) fn has(&self, line: &Value) -> bool {
        if let Some(id) = line["container"]["id"].as_str() {
            return self.ids.iter().any(|own| own == id);
        }
        let places = ["/netns", "/culprit/netns", "/bottleneck/netns", "/path/0/netns"];
        let mut inodes = places.iter().filter_map(|place| line.pointer(place)?.as_u64());
        inodes.any(|inode| self.inodes.contains(&inode))
    }
}

/// How one case went.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Outcome {
    /// The case's name.
    pub name: String,
    /// Its numbers.
    pub numbers: String,
    /// The verdict that was expected, or `none`.
    pub expected: String,
    /// The verdict that stood at the end, or `none`.
    pub got: String,
    /// What is wrong with it; right if empty.
    pub wrong: Vec<String>,
    /// Seconds from the first packet too big to the line with the verdict, if both came in this order.
    pub took: Option<f64>,
    /// In a TCP fault: whether the stall was foreseen before the first packet was too big.
    pub foreseen: Option<bool>,
}

fn alarm(line: &Value) -> bool {
    line["severity"] == "warning" || line["severity"] == "critical"
}

fn too_big(line: &Value, cast: &Cast) -> bool {
    line["kind"] == "event" && TOO_BIG.iter().any(|signal| line["signal"] == *signal) && cast.has(line)
}

fn time(line: &Value) -> Option<Timestamp> {
    line["time"].as_str()?.parse().ok()
}

/// Judges the lines of a whole run and those of its final report.
pub(super) fn judge(case: &Case, numbers: &Numbers, cast: &Cast, lines: &[Value], last: &[Value]) -> Outcome {
    let verdicts = |lines: &[Value]| {
        let ours = lines.iter().filter(|line| line["kind"] == "verdict" && cast.has(line));
        ours.cloned().collect::<Vec<_>>()
    };
    let (said, standing) = (verdicts(lines), verdicts(last));
    let mut outcome = Outcome { name: case.name.clone(), numbers: numbers.words(), ..Outcome::default() };
    let Some(expect) = &case.expect else {
        "none".clone_into(&mut outcome.expected);
        let alarms = said.iter().filter(|line| alarm(line)).collect::<Vec<_>>();
        outcome.got = alarms.last().map_or("none".to_owned(), |line| text(&line["verdict"]));
        outcome.wrong.extend(alarms.last().map(|line| format!("a false alarm: {}", text(&line["summary"]))));
        return outcome;
    };
    outcome.expected.clone_from(&expect.verdict);
    let about = |line: &&Value| cast.sufferer.is_in(line);
    let mut candidates = standing.iter().filter(about).collect::<Vec<_>>();
    candidates.sort_by_key(|line| (line["verdict"] == expect.verdict.as_str(), alarm(line)));
    let Some(found) = candidates.last() else {
        outcome.got = standing
            .iter()
            .rfind(|line| alarm(line))
            .map_or("none".to_owned(), |line| text(&line["verdict"]));
        outcome.wrong.push("nothing stands about the container that suffers".to_owned());
        outcome.wrong.extend(others(&standing, None));
        return outcome;
    };
    outcome.got = text(&found["verdict"]);
    outcome.wrong = differences(found, case, numbers);
    outcome.wrong.extend(others(&standing, Some(found)));
    let first_too_big = lines.iter().filter(|line| too_big(line, cast)).filter_map(time).min();
    let first_said =
        |kind: &str| said.iter().filter(about).find(|line| line["verdict"] == kind).and_then(time);
    if let (Some(first), Some(at)) = (first_too_big, first_said(&expect.verdict)) {
        outcome.took = Some(at.duration_since(first).as_secs_f64()).filter(|took| *took >= 0.0);
    }
    // Where no number of this node is wrong nothing can be foreseen.
    if expect.culprit.is_some() && case.traffic.iter().all(super::case::Traffic::is_tcp) {
        // Lines stand in the order in which the kernel saw things; the times of verdicts are those of their printing.
        // The side that promises too much need not be the one that sends it.
        let foresees = |line: &Value| line["verdict"] == FORESEEN && cast.has(line);
        let place = lines.iter().position(foresees);
        let first = lines.iter().position(|line| too_big(line, cast));
        outcome.foreseen = Some(place.is_some_and(|place| first.is_none_or(|first| place < first)));
    }
    outcome
}

/// Where a verdict departs from what was expected.
fn differences(found: &Value, case: &Case, numbers: &Numbers) -> Vec<String> {
    let Some(expect) = &case.expect else { return Vec::new() };
    let mut wrong = Vec::new();
    let mut differs = |what: &str, got: &Value, wanted: Value| {
        if *got != wanted {
            wrong.push(format!("{what} is {got}, not {wanted}"));
        }
    };
    let number = |name: &Option<String>| {
        name.as_ref().and_then(|name| numbers.get(name).ok()).map_or(Value::Null, Value::from)
    };
    differs("verdict", &found["verdict"], expect.verdict.as_str().into());
    differs("severity", &found["severity"], expect.severity.as_str().into());
    differs("active", &found["active"], true.into());
    differs("the culprit's MTU", &found["culprit"]["mtu"], number(&expect.culprit));
    let beyond = found["bottleneck"]["address"].is_string();
    differs("that a router beyond is the limit", &beyond.into(), expect.beyond.into());
    differs("the bottleneck's MTU", &found["bottleneck"]["mtu"], number(&expect.bottleneck));
    if let Some(name) = &expect.culprit_interface {
        differs("the culprit", &found["culprit"]["interface"], name.as_str().into());
    }
    let fix = number(if expect.fix.is_some() { &expect.fix } else { &expect.bottleneck });
    if !fix.as_u64().is_some_and(|fix| fix_names(found, fix as u32)) {
        wrong.push(format!("no fix says {fix}: {}", found["fix"]));
    }
    wrong
}

/// One cause, one verdict: other alarms that stand at the end.
fn others(standing: &[Value], found: Option<&Value>) -> Vec<String> {
    let others = standing.iter().filter(|line| alarm(line) && found != Some(*line));
    others
        .map(|line| format!("it also says {}: {}", text(&line["verdict"]), text(&line["summary"])))
        .collect()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
