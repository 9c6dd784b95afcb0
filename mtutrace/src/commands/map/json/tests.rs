//! What programs see.
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::model::Node;
use crate::testing::node::incident;

fn line(node: &Node, patterns: &[String]) -> Value {
    let stats = ScanStats { namespaces: 3, took: Duration::from_millis(7), ..ScanStats::default() };
    let mut out = Vec::new();
    write(&mut out, &Tree::new(node, patterns), &stats).unwrap();
    assert_eq!(out.iter().filter(|byte| **byte == b'\n').count(), 1);
    serde_json::from_slice(&out).unwrap()
}

#[test]
fn the_incident() {
    let mut node = incident().0;
    crate::topology::adopt::adopt_parents(&mut node);
    let line = line(&node, &[]);
    assert_eq!(line["v"], 1);
    assert_eq!(line["kind"], "map");
    assert_eq!(line["host"], 1);
    assert_eq!((&line["namespaces"], &line["took_ms"]), (&json!(3), &json!(7)));
    assert_eq!((&line["mismatches"], &line["unreadable_namespaces"]), (&json!(1), &json!(0)));
    assert!(line.get("memory_bytes").is_none() && line.get("unowned").is_none(), "{line}");
    let containers = line["containers"].as_array().unwrap();
    assert_eq!(containers.len(), 2);
    let pod = &containers[0];
    assert_eq!(pod["paths"][0]["mtu"], 1450);
    assert!(pod.get("mismatch").is_none() && pod.get("netns_name").is_none(), "{pod}");
    let build = &containers[1];
    assert_eq!(build["container"], json!({ "id": "build", "parents": [{ "id": "pod" }] }));
    assert_eq!(build["netns"], 3);
    let path = &build["paths"][0];
    assert_eq!((&path["family"], &path["mtu"]), (&json!("ipv4"), &json!(1450)));
    assert_eq!(path["hops"][2], json!({ "interface": "docker0", "netns": 2, "mtu": 1500, "kind": "bridge" }));
    let mismatch = &build["mismatch"];
    assert_eq!(mismatch["culprit"], json!({ "interface": "docker0", "netns": 2, "mtu": 1500 }));
    assert_eq!(mismatch["bottleneck"], json!({ "interface": "eth0", "netns": 2, "mtu": 1450 }));
    assert_eq!(mismatch["fix"][0]["command"], "dockerd --mtu=1450");
}

#[test]
fn each_container_of_a_pod_and_namespaces_of_nobody() {
    let mut node = incident().container(3, "sidecar").0;
    node.netns.get_mut(&NetnsId(2)).unwrap().containers.clear();
    node.netns.get_mut(&NetnsId(2)).unwrap().name = Some("lab\x1b".to_owned());
    let all = line(&node, &[]);
    let ids: Vec<&Value> =
        all["containers"].as_array().unwrap().iter().map(|row| &row["container"]["id"]).collect();
    assert_eq!(ids, ["build", "sidecar"]);
    assert_eq!(all["mismatches"], 1, "one network is wrong");
    assert_eq!(
        (&all["unowned"][0]["netns"], &all["unowned"][0]["netns_name"]),
        (&json!(2), &json!("lab\x1b"))
    );
    assert!(all["unowned"][0].get("container").is_none());
    let one = line(&node, &["side".to_owned()]);
    assert_eq!(one["containers"].as_array().unwrap().len(), 1);
    assert!(one.get("unowned").is_none());
}

#[test]
fn an_unknown_host_is_absent() {
    let mut node = incident().0;
    node.host = NetnsId::default();
    assert!(line(&node, &[]).get("host").is_none());
}

#[test]
fn other_ways_out_and_what_faces_each_other() {
    use crate::model::LinkKind;
    let vpn = incident().device(1, 9, "tun0", LinkKind::Tun, 1300).route(1, 9, "10.50.0.0/16", None, None);
    let all = line(&vpn.edit(3, 7, |link| link.mtu = 1490).0, &["build".to_owned()]);
    let row = &all["containers"][0];
    assert!(row["paths"][0].get("destinations").is_none(), "{row}");
    let other = &row["other_paths"][0];
    assert_eq!((&other["destinations"], &other["mtu"]), (&json!(["10.50.0.0/16"]), &json!(1300)));
    assert_eq!(row["mismatch"]["bottleneck"]["mtu"], 1450);
    let second = &row["other_mismatches"][0];
    assert_eq!(
        (&second["destinations"], &second["bottleneck"]["mtu"]),
        (&json!(["10.50.0.0/16"]), &json!(1300))
    );
    assert_eq!(row["unequal"][0]["narrow"], json!({ "interface": "eth0", "netns": 3, "mtu": 1490 }));
    assert_eq!(all["mismatches"], 2);
}

#[test]
fn what_could_not_be_followed() {
    let mut node = incident().0;
    assert!(line(&node, &[]).get("unmodelled").is_none());
    node.netns.get_mut(&NetnsId(2)).unwrap().xdp.insert(2);
    let what = "an XDP program on eth0 may send packets elsewhere";
    assert_eq!(line(&node, &[])["unmodelled"], json!([{ "netns": 2, "reason": "xdp", "what": what }]));
}
