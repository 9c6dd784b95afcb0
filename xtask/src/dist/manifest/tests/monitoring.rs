//! The operator's rule and the dashboard for Grafana's sidecar are what deploy/prometheus and deploy/grafana have, once more.

use std::fs;

use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::Value;

use super::{check, manifest};
use crate::dist::manifest::read;
use crate::exec;

const RULE: &str = "prometheusrule.yaml";
const DASHBOARD: &str = "dashboard.yaml";
/// Set to anything, the tests write the manifests anew before they compare.
const WRITE: &str = "MTUTRACE_WRITE_MANIFESTS";

fn source(path: &str) -> String {
    fs::read_to_string(exec::root().join(path)).unwrap()
}

/// Each line of `text` so many spaces further right.
fn indented(text: &str, by: usize) -> String {
    let line = |line: &str| if line.is_empty() { "\n".to_owned() } else { format!("{:by$}{line}\n", "") };
    text.lines().map(line).collect()
}

/// Without the comments at its head.
fn body(yaml: &str) -> String {
    yaml.lines().skip_while(|line| line.starts_with('#')).map(|line| format!("{line}\n")).collect()
}

fn write_if_asked(name: &str, kind: &str, metadata: &str, rest: &str) {
    if std::env::var_os(WRITE).is_some() {
        let text =
            format!("{kind}metadata:\n  name: mtutrace\n  namespace: mtutrace\n  labels:\n{metadata}{rest}");
        fs::write(exec::root().join("deploy/kubernetes").join(name), text).unwrap();
    }
}

#[test]
fn the_operators_rule_is_the_plain_one() {
    let rules = "deploy/prometheus/mtutrace.rules.yaml";
    let head = format!(
        "# For clusters with the Prometheus operator; not part of the kustomization, because others would refuse all of it.\n\
         # Made of {rules} by {WRITE}=1 cargo test -p xtask monitoring\n\
         # The operator takes rules whose labels its ruleSelector asks for: add them here (Helm: release: NAME).\n\
         apiVersion: monitoring.coreos.com/v1\nkind: PrometheusRule\n"
    );
    let labels = "    app.kubernetes.io/name: mtutrace\n";
    write_if_asked(RULE, &head, labels, &format!("spec:\n{}", indented(&body(&source(rules)), 2)));
    let rule = manifest(RULE);
    assert_eq!(
        rule["spec"],
        read(&exec::root().join(rules)).unwrap(),
        "run {WRITE}=1 cargo test -p xtask monitoring"
    );
    assert_eq!(
        (&rule["apiVersion"], &rule["kind"]),
        (&"monitoring.coreos.com/v1".into(), &"PrometheusRule".into())
    );
    assert_eq!(rule["metadata"]["namespace"], manifest("namespace.yaml")["metadata"]["name"]);
}

#[test]
fn the_dashboard_of_grafanas_sidecar_is_the_plain_one() {
    let file = "deploy/grafana/mtutrace.json";
    let head = format!(
        "# For Grafana with the dashboard sidecar (its Helm chart has it), which looks for this label.\n\
         # Made of {file} by {WRITE}=1 cargo test -p xtask monitoring\n\
         apiVersion: v1\nkind: ConfigMap\n"
    );
    let labels = "    app.kubernetes.io/name: mtutrace\n    grafana_dashboard: \"1\"\n";
    write_if_asked(
        DASHBOARD,
        &head,
        labels,
        &format!("data:\n  mtutrace.json: |\n{}", indented(&source(file), 4)),
    );
    let map = manifest(DASHBOARD);
    check::<ConfigMap>(&map).unwrap();
    let parse = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let inside = parse(map["data"]["mtutrace.json"].as_str().unwrap());
    assert_eq!(inside, parse(&source(file)), "run {WRITE}=1 cargo test -p xtask monitoring");
    assert_eq!(map["metadata"]["labels"]["grafana_dashboard"], "1");
    assert_eq!(map["metadata"]["namespace"], manifest("namespace.yaml")["metadata"]["name"]);
}

/// A heading as GitHub makes an anchor of it, where it is one word.
#[test]
fn every_alert_has_its_section_in_the_runbook_and_every_section_its_alert() {
    let rules = read(&exec::root().join("deploy/prometheus/mtutrace.rules.yaml")).unwrap();
    let rules = rules["groups"][0]["rules"].as_array().unwrap();
    let runbook = concat!(env!("CARGO_PKG_REPOSITORY"), "/blob/main/docs/RUNBOOK.md");
    let mut alerts = Vec::new();
    for rule in rules {
        let name = rule["alert"].as_str().unwrap();
        let wanted = format!("{runbook}#{}", name.to_lowercase());
        assert_eq!(rule["annotations"]["runbook_url"], wanted.as_str(), "{name}");
        alerts.push(name);
    }
    let text = source("docs/RUNBOOK.md");
    let sections = text
        .lines()
        .filter_map(|line| line.strip_prefix("## Mtutrace"))
        .map(|rest| format!("Mtutrace{rest}"));
    assert_eq!(sections.collect::<Vec<_>>(), alerts);
}
