#![allow(clippy::unwrap_used, reason = "tests")]
use serde_json::json;

use super::*;

const FAULT: &str = r#"
about = "x"
mtu = { wide = 1500, narrow = [1400, 1400] }
hop = [{ name = "c", mtu = "wide" }]
traffic = [{ kind = "upload" }]
expect = { verdict = "mtu_mismatch", severity = "warning", culprit = "wide", bottleneck = "narrow" }
"#;

fn cast() -> Cast {
    let sufferer = Sufferer::Container("a".into());
    Cast { ids: vec!["a".into(), "b".into()], inodes: vec![7], talkers: Vec::new(), sufferer }
}

fn verdict(kind: &str, id: &str, second: u32) -> Value {
    json!({"kind": "verdict", "verdict": kind, "severity": "warning", "active": true, "container": {"id": id},
        "time": format!("2026-01-01T00:00:{second:02}Z"), "culprit": {"mtu": 1500, "netns": 7},
        "bottleneck": {"mtu": 1400}, "fix": [{"what": "set 1400"}], "summary": "s"})
}

fn outcome(text: &str, lines: &[Value]) -> Outcome {
    let case: Case = toml::from_str(text).unwrap();
    let last: Vec<_> = lines.iter().rev().take(1).cloned().collect();
    judge(&case, &case.draw(1), &cast(), lines, &last)
}

#[test]
fn right_with_its_times() {
    let drop = json!({"kind": "event", "signal": "drop", "netns": 7, "time": "2026-01-01T00:00:02Z"});
    let lines = [verdict("mss_exceeds_path", "a", 1), drop.clone(), verdict("mtu_mismatch", "a", 3)];
    let good = outcome(FAULT, &lines);
    assert_eq!((good.wrong.len(), good.took, good.foreseen), (0, Some(1.0), Some(true)), "{good:?}");
    let late = outcome(FAULT, &[drop, verdict("mss_exceeds_path", "a", 3), verdict("mtu_mismatch", "a", 3)]);
    assert_eq!(late.foreseen, Some(false));
}

#[test]
fn what_is_wrong_is_said() {
    let wrong = |line: Value| outcome(FAULT, &[line]);
    assert_eq!(wrong(verdict("mtu_mismatch", "b", 1)).got, "mtu_mismatch");
    assert!(!wrong(verdict("mtu_mismatch", "b", 1)).wrong.is_empty(), "another container of the case");
    assert_eq!(wrong(verdict("mtu_mismatch", "c", 1)).got, "none", "another case's");
    let mut other = verdict("mtu_mismatch", "a", 1);
    other["fix"] = json!([{"what": "set 1399"}]);
    other["culprit"]["mtu"] = 1501.into();
    assert_eq!(wrong(other).wrong.len(), 2);
}

#[test]
fn a_healthy_case_wants_silence_all_the_time() {
    let healthy = FAULT.split("expect").next().unwrap();
    let mut early = verdict("mtu_mismatch", "b", 1);
    early["active"] = false.into();
    let loud = outcome(healthy, &[early, json!({"kind": "report"})]);
    assert_eq!((loud.got.as_str(), loud.wrong.len()), ("mtu_mismatch", 1));
    let mut info = verdict("fragmentation", "a", 1);
    info["severity"] = "info".into();
    assert_eq!(outcome(healthy, &[info, verdict("x", "c", 1)]).wrong, Vec::<String>::new());
}
