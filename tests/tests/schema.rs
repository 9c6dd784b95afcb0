//! What is written is what the schemas say: the lines of real runs, and the examples of docs/OUTPUT.md.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jsonschema::Validator;
use mtutrace_tests::check::{is_verdict, skip};
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::tracer::{Tracer, stdout_of};
use mtutrace_tests::tools::repository;
use serde_json::{Value, json};

const KINDS: [&str; 7] = ["status", "event", "report", "verdict", "map", "doctor", "bench"];

fn schema(kind: &[&str]) -> Value {
    serde_json::from_str(&stdout_of(&[&["schema"], kind].concat())).unwrap()
}

/// Allows no field that the schema does not name. Readers must allow them: later versions may add some.
fn close(schema: &mut Value) {
    if let Value::Object(fields) = schema {
        if fields.contains_key("properties") {
            fields.insert("additionalProperties".to_owned(), false.into());
        }
        fields.values_mut().for_each(close);
    } else if let Value::Array(items) = schema {
        items.iter_mut().for_each(close);
    }
}

fn validator(kind: &[&str]) -> Validator {
    let mut schema = schema(kind);
    close(&mut schema);
    jsonschema::validator_for(&schema).unwrap()
}

fn assert_valid(validator: &Validator, line: &Value) {
    let errors = validator.iter_errors(line).map(|error| format!("{}: {error}", error.instance_path()));
    let errors = errors.collect::<Vec<_>>();
    assert!(errors.is_empty(), "{errors:#?} in {line:#}");
}

fn parse(lines: &str) -> Vec<Value> {
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_line_of_real_runs_and_no_word_that_is_unknown() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let mut tracer = Tracer::start(&["--duration", "60s"]).unwrap();
    let _download = lab.download(300_000, Duration::from_secs(40)).unwrap();
    let wanted = |line: &Value| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
    tracer.wait_for("pmtu_blackhole", Duration::from_secs(30), wanted).unwrap();
    let mut lines = parse(&stdout_of(&["map", "-o", "json"]));
    lines.extend(parse(&stdout_of(&["doctor", "-o", "json"])));
    lines.extend(parse(&stdout_of(&["bench", "-o", "json", "--rounds", "1", "--repeat", "10"])));
    lines.extend(parse(&tracer.interrupt().unwrap().lines.join("\n")));

    let any = validator(&[]);
    let each = KINDS.map(|kind| (kind, validator(&[kind])));
    let each: BTreeMap<&str, Validator> = each.into_iter().collect();
    let mut seen = BTreeSet::new();
    for line in &lines {
        let kind = line["kind"].as_str().unwrap();
        seen.insert(kind);
        assert_valid(&each[kind], line);
        assert_valid(&any, line);
        for (other, validator) in &each {
            assert_eq!(validator.is_valid(line), *other == kind, "{other}: {line}");
        }
    }
    assert_eq!(seen, KINDS.into_iter().collect(), "a kind of line did not come");
    for (kind, field) in [
        ("event", "/signal"),
        ("event", "/family"),
        ("verdict", "/verdict"),
        ("verdict", "/severity"),
        ("verdict", "/path/0/kind"),
        ("status", "/hooks/0/state"),
        ("status", "/v"),
    ] {
        let mut line = lines.iter().find(|line| line["kind"] == kind).unwrap().clone();
        for wrong in [json!("nonsense"), Value::Null] {
            *line.pointer_mut(field).unwrap() = wrong;
            assert!(!each[kind].is_valid(&line), "{kind} with a wrong {field} is valid: {line}");
        }
    }
    let mut report = lines.iter().find(|line| line["kind"] == "report").unwrap().clone();
    report["counters"]["nonsense"] = json!(1);
    assert!(!each["report"].is_valid(&report), "a signal that is none is counted: {report}");
}

#[test]
fn every_example_of_the_documentation() {
    let text = std::fs::read_to_string(repository("docs/OUTPUT.md")).unwrap();
    let blocks = text.split("```json\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let any = validator(&[]);
    let mut seen = BTreeSet::new();
    for block in blocks {
        let example: Value = serde_json::from_str(block).unwrap_or_else(|why| panic!("{why}: {block}"));
        assert_valid(&any, &example);
        seen.insert(example["kind"].as_str().unwrap().to_owned());
    }
    assert_eq!(seen, KINDS.into_iter().map(str::to_owned).collect(), "a kind has no example");
}
