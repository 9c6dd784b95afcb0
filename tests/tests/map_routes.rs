//! What routes and rules say of a way, in the map, and what the kernel has learnt of it.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::process::Command;
use std::time::Duration;

use mtutrace_tests::check::skip;
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::routed::{Routed, RoutedSpec};
use mtutrace_tests::lab::tracer::binary;
use serde_json::{Value, json};

/// What `map` says of a container, which must end with this exit code.
fn map(code: i32, format: &str, id: &str) -> String {
    let output =
        Command::new(binary().unwrap()).args(["map", "-o", format, "--container", id]).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn row(code: i32, id: &str) -> Value {
    let line: Value = serde_json::from_str(&map(code, "json", id)).unwrap();
    line["containers"][0].clone()
}

#[test]
fn the_narrowest_of_two_next_hops_and_a_rule() {
    if skip() {
        return;
    }
    let lab = Routed::build(RoutedSpec::default()).unwrap();
    lab.router
        .ip(&format!(
            "link add toa2 mtu 1400 type veth peer name eth1 mtu 1400 netns {}\n\
             address add 10.1.9.1/24 dev toa2\nlink set toa2 up",
            lab.a.netns.name()
        ))
        .unwrap();
    lab.a.netns.ip("address add 10.1.9.2/24 dev eth1\nlink set eth1 up").unwrap();
    let before = row(0, &lab.a.id);
    assert_eq!(before["paths"][0]["hops"][0]["interface"], "eth0", "{before}");
    assert!(before["paths"][0].get("multipath").is_none() && before.get("rules_not_followed").is_none());
    lab.a
        .netns
        .ip("route replace default nexthop via 10.1.1.1 nexthop via 10.1.9.1\nrule add fwmark 9 lookup 100")
        .unwrap();
    let spread = row(0, &lab.a.id);
    let path = &spread["paths"][0];
    assert_eq!((&path["family"], &path["mtu"]), (&"ipv4".into(), &1400.into()), "{spread}");
    assert_eq!(
        (&path["hops"][0]["interface"], &path["multipath"]),
        (&"eth1".into(), &true.into()),
        "{spread}"
    );
    assert_eq!(spread["rules_not_followed"], 1, "{spread}");
    let text = map(0, "text", &lab.a.id);
    assert!(text.contains("(narrowest of several next hops)"), "{text}");
    assert!(text.contains("1 policy routing rule not followed"), "{text}");
}

#[test]
fn a_rule_leads_over_a_narrower_device() {
    if skip() {
        return;
    }
    let lab = Routed::build(RoutedSpec::default()).unwrap();
    lab.router
        .ip(&format!(
            "link add narrow mtu 1400 type veth peer name eth1 mtu 1400 netns {}\n\
             address add 10.1.9.1/24 dev narrow\nlink set narrow up\nroute add default via 10.1.2.2\n\
             route add default via 10.1.9.2 table 100",
            lab.b.netns.name()
        ))
        .unwrap();
    lab.b.netns.ip("address add 10.1.9.2/24 dev eth1\nlink set eth1 up").unwrap();
    let before = row(0, &lab.a.id);
    assert_eq!(before["paths"][0]["mtu"], 1500, "{before}");
    lab.router.ip("rule add from 10.1.1.9 lookup 100").unwrap();
    assert_eq!(row(0, &lab.a.id)["paths"][0]["mtu"], 1500, "a rule for somebody else");
    lab.router.ip("rule add from 10.1.1.2 lookup 100").unwrap();
    let by_rule = row(1, &lab.a.id);
    assert_eq!(by_rule["paths"][0]["mtu"], 1400, "{by_rule}");
    assert_eq!(by_rule["mismatch"]["culprit"]["mtu"], 1500, "{by_rule}");
    let bottleneck = &by_rule["mismatch"]["bottleneck"];
    assert_eq!((&bottleneck["interface"], &bottleneck["mtu"]), (&"narrow".into(), &1400.into()));
    let text = map(1, "text", &lab.a.id);
    assert!(text.contains("eth0 1500 (should be 1400)") && text.contains("narrow 1400 (limit)"), "{text}");
}

#[test]
fn a_route_says_what_mss_to_announce() {
    if skip() {
        return;
    }
    let lab = Routed::build(RoutedSpec::default()).unwrap();
    assert!(row(0, &lab.a.id)["paths"][0].get("advmss").is_none());
    lab.a.netns.ip("route replace default via 10.1.1.1 advmss 1307").unwrap();
    let told = row(0, &lab.a.id);
    assert_eq!(told["paths"][0]["advmss"], 1307, "{told}");
    let text = map(0, "text", &lab.a.id);
    assert!(text.contains("(advmss 1307)"), "{text}");
}

/// An upload that the way out is too small for, with the ICMP that says so.
fn learns(ipv6: bool, server: &str) {
    let spec = IncidentSpec { icmp_filtered: false, pod_mtu: 1437, ipv6, ..Default::default() };
    let lab = Incident::build(spec).unwrap();
    assert!(row(1, &lab.inner.id).get("learnt").is_none());
    let upload = lab.upload(300_000, Duration::from_secs(20)).unwrap().finish().unwrap();
    assert!(upload.complete, "{upload:?}");
    let learnt = row(1, &lab.inner.id)["learnt"].clone();
    assert_eq!(learnt, json!([{ "destination": server, "mtu": 1437 }]));
    let text = map(1, "text", &lab.inner.id);
    assert!(text.contains(&format!("path MTU learnt by ICMP: 1437 for {server}\n")), "{text}");
}

#[test]
fn what_the_kernel_has_learnt() {
    if skip() {
        return;
    }
    learns(false, "192.0.2.10");
    learns(true, "2001:db8:c0::10");
}

#[test]
fn a_way_out_that_is_not_the_default_one() {
    if skip() {
        return;
    }
    let lab = Routed::build(RoutedSpec::default()).unwrap();
    lab.router
        .ip("link add vx9 mtu 1300 type vxlan id 9 remote 10.1.2.2 dstport 4790\nlink set vx9 up\n\
             route add 10.60.0.0/16 dev vx9\nrule add fwmark 9 lookup 100\nroute add default dev vx9 table 100")
        .unwrap();
    let row = row(1, &lab.a.id);
    let other = &row["other_paths"][0];
    assert_eq!((&other["destinations"], &other["mtu"]), (&json!(["10.60.0.0/16"]), &1300.into()), "{row}");
    assert_eq!(row["mismatch"]["destinations"], json!(["10.60.0.0/16"]), "{row}");
    assert_eq!(row["mismatch"]["bottleneck"]["interface"], "vx9", "{row}");
    let text = map(1, "text", &lab.a.id);
    assert!(text.contains("10.60.0.0/16  eth0 1500 (should be 1300) > "), "{text}");
    assert!(
        text.contains("rule 32765 (fwmark 0x9/0xffffffff): what it is about leaves by vx9 (MTU 1300)"),
        "{text}"
    );
}
