use std::collections::BTreeSet;
use std::fs;

use k8s_openapi::api::apps::v1::DaemonSet;
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use k8s_openapi::api::networking::v1::NetworkPolicy;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::*;

mod monitoring;

fn manifest(name: &str) -> Value {
    read(&exec::root().join("deploy/kubernetes").join(name)).unwrap()
}

/// Kubernetes' own types drop what they don't know: a misspelt field would be missing of what comes back.
fn check<T: DeserializeOwned + Serialize>(value: &Value) -> Result<(), String> {
    let typed: T = serde_json::from_value(value.clone()).map_err(|e| e.to_string())?;
    let back = serde_json::to_value(typed).map_err(|e| e.to_string())?;
    if back == *value {
        Ok(())
    } else {
        Err(format!("not what the schema makes of it:\n{value:#}\n{back:#}"))
    }
}

#[test]
fn every_manifest_is_what_its_schema_says() {
    check::<Namespace>(&manifest("namespace.yaml")).unwrap();
    check::<ServiceAccount>(&manifest("serviceaccount.yaml")).unwrap();
    check::<DaemonSet>(&daemonset().unwrap()).unwrap();
    check::<NetworkPolicy>(&manifest("networkpolicy.yaml")).unwrap();
}

#[test]
fn a_misspelt_field_and_a_wrong_type_are_noticed() {
    let change = |path: &str, key: &str, value: Value| {
        let mut daemonset = daemonset().unwrap();
        daemonset.pointer_mut(path).unwrap()[key] = value;
        check::<DaemonSet>(&daemonset)
    };
    let container = "/spec/template/spec/containers/0/securityContext";
    assert!(change(container, "readOnlyRootFileSystem", true.into()).is_err());
    assert!(change(container, "privileged", "no".into()).is_err());
    assert!(change("", "kind", "Deployment".into()).is_err());
    assert!(change(container, "privileged", false.into()).is_ok());
}

#[test]
fn the_selector_finds_the_pods_and_names_agree() {
    let daemonset = daemonset().unwrap();
    let labels = &daemonset["spec"]["template"]["metadata"]["labels"];
    assert_eq!(daemonset["spec"]["selector"]["matchLabels"], *labels);
    let namespace = manifest("namespace.yaml")["metadata"]["name"].clone();
    let account = manifest("serviceaccount.yaml");
    let monitor = manifest("podmonitor.yaml");
    for other in [&daemonset, &account, &monitor] {
        assert_eq!(other["metadata"]["namespace"], namespace);
    }
    let pod = &daemonset["spec"]["template"]["spec"];
    assert_eq!(pod["serviceAccountName"], account["metadata"]["name"]);
    // The operator's type has no Rust crate: what matters of its shape is what it must agree with here.
    assert_eq!(monitor["apiVersion"], "monitoring.coreos.com/v1");
    assert_eq!(monitor["kind"], "PodMonitor");
    assert_eq!(monitor["spec"]["selector"]["matchLabels"], *labels);
    let port = &pod["containers"][0]["ports"][0];
    assert_eq!(monitor["spec"]["podMetricsEndpoints"][0]["port"], port["name"]);
    // As the test of a real Prometheus has it (tests/src/lab/prometheus.rs): the operator's default, and the node.
    let endpoint = &monitor["spec"]["podMetricsEndpoints"][0];
    assert_eq!(endpoint.get("honorLabels"), None, "{endpoint}");
    let node =
        serde_json::json!([{"sourceLabels": ["__meta_kubernetes_pod_node_name"], "targetLabel": "node"}]);
    assert_eq!(endpoint["relabelings"], node);
    // On the pod's own address, and nobody but the kubelet and Prometheus is let through to it.
    let container = &pod["containers"][0];
    let metrics = format!("--metrics=$(POD_IP):{}", port["containerPort"]);
    assert!(container["args"].as_array().unwrap().contains(&metrics.into()), "{container:#}");
    assert_eq!(container["env"][0]["name"], "POD_IP");
    assert_eq!(container["env"][0]["valueFrom"]["fieldRef"]["fieldPath"], "status.podIP");
    let policy = manifest("networkpolicy.yaml");
    assert_eq!(policy["metadata"]["namespace"], namespace);
    assert_eq!(policy["spec"]["podSelector"]["matchLabels"], *labels);
    assert_eq!(policy["spec"]["ingress"][0]["ports"][0]["port"], port["name"]);
}

#[test]
fn the_kustomization_names_files_that_are_there_and_this_version() {
    let kustomization = manifest("kustomization.yaml");
    assert_eq!(kustomization["kind"], "Kustomization");
    let names = kustomization["resources"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
    let names = names.collect::<BTreeSet<_>>();
    assert_eq!(
        names,
        ["daemonset.yaml", "namespace.yaml", "networkpolicy.yaml", "serviceaccount.yaml"].into()
    );
    let image = format!("mtutrace:{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(daemonset().unwrap()["spec"]["template"]["spec"]["containers"][0]["image"], image.as_str());
    assert_eq!(kustomization["images"][0]["newTag"], env!("CARGO_PKG_VERSION"));
    assert_eq!(image.split(':').next(), kustomization["images"][0]["name"].as_str());
}

/// One set of capabilities, wherever it is written down.
#[test]
fn the_capabilities_are_those_of_the_unit_and_of_the_document() {
    let daemonset = daemonset().unwrap();
    let security = &daemonset["spec"]["template"]["spec"]["containers"][0]["securityContext"];
    assert_eq!(security["capabilities"]["drop"], serde_json::json!(["ALL"]));
    let added = security["capabilities"]["add"].as_array().unwrap().iter();
    let added = added.map(|name| format!("CAP_{}", name.as_str().unwrap())).collect::<BTreeSet<_>>();
    let unit = fs::read_to_string(exec::root().join("deploy/systemd/mtutrace.service")).unwrap();
    let line = unit.lines().find_map(|line| line.strip_prefix("CapabilityBoundingSet=")).unwrap();
    assert_eq!(line.split(' ').map(str::to_owned).collect::<BTreeSet<_>>(), added);
    let document = fs::read_to_string(exec::root().join("docs/DEPLOY.md")).unwrap();
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    let rows = rows.filter(|name| name.starts_with("CAP_")).map(str::to_owned).collect::<BTreeSet<_>>();
    assert_eq!(rows, added);
}

#[test]
fn docker_is_told_what_the_manifest_says() {
    let options = docker_options(&daemonset().unwrap()).unwrap();
    for wanted in ["--cap-drop=ALL", "--cap-add=SYS_PTRACE", "--read-only", "--pid=host", "--user=0:0"] {
        assert!(options.iter().any(|option| option == wanted), "{wanted}: {options:?}");
    }
    assert!(!options.iter().any(|option| option == "--privileged"), "{options:?}");
}

/// Every snippet of docs/CI.md that says it is YAML is YAML, and runs a command that exists.
#[test]
fn the_pipelines_parse() {
    let text = fs::read_to_string(exec::root().join("docs/CI.md")).unwrap();
    let snippets = text.split("```yaml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let snippets = snippets.collect::<Vec<_>>();
    assert!(snippets.len() >= 4, "Drone, Woodpecker, GitHub and GitLab");
    for snippet in snippets {
        let value: Value = serde_norway::from_str(snippet).unwrap_or_else(|e| panic!("{e}: {snippet}"));
        let calls = ["mtutrace map", &format!("mtutrace:{} map", env!("CARGO_PKG_VERSION"))];
        assert!(value.is_object() && calls.iter().any(|call| snippet.contains(call)), "{snippet}");
    }
}
