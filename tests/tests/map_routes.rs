//! What routes say of a way, in the map: several next hops, and rules that are not followed.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::process::Command;

use mtutrace_tests::check::skip;
use mtutrace_tests::lab::routed::{Routed, RoutedSpec};
use mtutrace_tests::lab::tracer::binary;
use serde_json::Value;

fn map(format: &str, id: &str) -> String {
    let output =
        Command::new(binary().unwrap()).args(["map", "-o", format, "--container", id]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
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
    let row = |id: &str| {
        let line: Value = serde_json::from_str(&map("json", id)).unwrap();
        line["containers"][0].clone()
    };
    let before = row(&lab.a.id);
    assert_eq!(before["paths"][0]["hops"][0]["interface"], "eth0", "{before}");
    assert!(before["paths"][0].get("multipath").is_none() && before.get("rules_not_followed").is_none());
    lab.a
        .netns
        .ip("route replace default nexthop via 10.1.1.1 nexthop via 10.1.9.1\nrule add fwmark 9 lookup 100")
        .unwrap();
    let spread = row(&lab.a.id);
    let path = &spread["paths"][0];
    assert_eq!((&path["family"], &path["mtu"]), (&"ipv4".into(), &1400.into()), "{spread}");
    assert_eq!(
        (&path["hops"][0]["interface"], &path["multipath"]),
        (&"eth1".into(), &true.into()),
        "{spread}"
    );
    assert_eq!(spread["rules_not_followed"], 1, "{spread}");
    let text = map("text", &lab.a.id);
    assert!(text.contains("(the narrowest of several next hops)"), "{text}");
    assert!(text.contains("1 rule of policy routing not followed"), "{text}");
}
