//! A tracer that watches the namespaces of one lab.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::expect::{Count, Expected, tag};
use super::{record, sight};
use crate::lab::container::Container;
use crate::lab::netns::NetNs;
use crate::lab::tracer::Tracer;

/// How long an event may take from the packet to the line.
const EVENTS: Duration = Duration::from_secs(20);
const MINUTES: &str = "300s";

/// A running tracer, and the inode numbers of the namespaces whose events count.
#[derive(Debug)]
pub struct Watch {
    tracer: Tracer,
    status: Value,
    lab: Vec<u64>,
}

impl Watch {
    /// Starts it and waits until every hook is attached.
    pub fn start(namespaces: &[&NetNs]) -> Result<Self> {
        Self::start_with(namespaces, &[])
    }

    /// The same with more arguments.
    pub fn start_with(namespaces: &[&NetNs], args: &[&str]) -> Result<Self> {
        let lab = namespaces.iter().map(|netns| netns.inode()).collect::<Result<_>>()?;
        let mut tracer = Tracer::start(&[&["--duration", MINUTES], args].concat())?;
        let status = tracer.wait_for("a status", EVENTS, |line| line["kind"] == "status")?;
        Ok(Self { tracer, status, lab })
    }

    /// Waits for the events, ends the tracer, checks all that it said about this lab, and records which hook saw it;
    /// where no hook can see it, checks that none claims to, and records why. Returns the primary events.
    pub fn check(self, expected: &Expected<'_>) -> Result<Vec<Value>> {
        self.judge(expected).with_context(|| format!("cause {}: {}", expected.name, expected.tag()))
    }

    /// Ends the tracer and checks that it said nothing about this lab but `allowed` signals, and has no verdict above
    /// `info` about its containers (none at all where nothing is allowed).
    pub fn silence(self, containers: &[&Container], allowed: &[&str]) -> Result<()> {
        let end = self.tracer.interrupt()?;
        for event in end.of_kind("event") {
            let here = self.lab.iter().any(|inode| event["netns"] == *inode);
            let signal = event["signal"].as_str().unwrap_or("?");
            ensure!(!here || allowed.contains(&signal), "nothing is wrong, and yet: {event}");
        }
        for verdict in end.of_kind("verdict") {
            let ours = containers.iter().any(|one| verdict["container"]["id"] == one.id.as_str());
            let harmless = !allowed.is_empty() && verdict["severity"] == "info";
            ensure!(!ours || harmless, "nothing is wrong, and yet: {verdict}");
        }
        let lost = end.of_kind("status").last().map_or(Value::Null, |status| status["lost"].clone());
        ensure!(lost == 0, "{lost} events lost");
        Ok(())
    }

    fn judge(mut self, expected: &Expected<'_>) -> Result<Vec<Value>> {
        let sight = sight::of(&self.status, expected);
        if sight.is_ok() {
            self.await_events(expected);
        }
        let end = self.tracer.interrupt()?;
        let mut events = end.of_kind("event");
        events.retain(|event| self.lab.iter().any(|inode| event["netns"] == *inode));
        let (primary, rest): (Vec<_>, Vec<_>) = events.into_iter().partition(|e| expected.is_primary(e));
        for event in &rest {
            ensure!(expected.allows(event), "{} is not a companion of it: {event}", tag(event));
        }
        if let Err(why) = sight {
            ensure!(primary.is_empty(), "no hook sees it ({why}), and yet: {}", primary[0]);
            record(expected.name, &format!("- {why}"))?;
            return Ok(primary);
        }
        expected.check_count(primary.len() as u64).with_context(|| summary(&primary, &rest))?;
        primary.iter().try_for_each(|event| expected.check_fields(event))?;
        let mut hooks = primary.iter().filter_map(|event| event["hook"].as_str()).collect::<Vec<_>>();
        hooks.sort_unstable();
        hooks.dedup();
        record(expected.name, &hooks.join(","))?;
        Ok(primary)
    }

    /// Waits for as many events as there must be; whether they came in time is judged with all the rest.
    fn await_events(&mut self, expected: &Expected<'_>) {
        let (Count::Exactly(wanted) | Count::AtLeast(wanted)) = expected.count;
        let seen = Cell::new(0);
        let enough = |line: &Value| {
            seen.set(seen.get() + u64::from(line["kind"] == "event" && expected.is_primary(line)));
            seen.get() >= wanted
        };
        let _too_few = self.tracer.wait_for("the events of the cause", EVENTS, enough);
    }
}

/// One primary event, and what else there was: enough to see what was taken for what.
fn summary(primary: &[Value], rest: &[Value]) -> String {
    let mut others = BTreeMap::<String, u32>::new();
    for event in rest {
        let text = |key: &str| event[key].as_str().unwrap_or("?");
        let name = format!("{} by {} at {}", tag(event), text("hook"), text("interface"));
        *others.entry(name).or_default() += 1;
    }
    format!("one of them: {:?}; other events: {others:?}", primary.first().map(Value::to_string))
}
