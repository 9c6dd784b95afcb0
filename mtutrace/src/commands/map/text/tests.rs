//! What people see.
use std::time::Duration;

use super::*;
use crate::model::{Learnt, LinkKind, NetnsId, Node, Pod};
use crate::testing::node::{Builder, incident};

fn drawn(node: &Node, patterns: &[String], colour: bool) -> String {
    viewed(node, patterns, View::Folded, colour)
}

fn viewed(node: &Node, patterns: &[String], view: View, colour: bool) -> String {
    let stats =
        ScanStats { namespaces: node.netns.len(), took: Duration::from_millis(7), ..ScanStats::default() };
    let mut out = Vec::new();
    write(&mut out, &Tree::new(node, patterns), &stats, view, colour).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn the_incident() {
    let mut node = incident()
        .device(5, 1, "lo", LinkKind::Loopback, 65536)
        .container(5, "lonely")
        .container(2, "sidecar")
        .0;
    let pod = &mut node.netns.get_mut(&NetnsId(2)).unwrap().containers[0];
    pod.pod = Some(Pod { uid: Some("01fbdc88".to_owned()), ..Pod::default() });
    assert_eq!(
        drawn(&node, &[], false),
        "\
WARNING  build  eth0 1500 > veth8 1500 > docker0 1500 (should be 1450) > eth0 1450 (limit)
  now  on this node, as root: works at once, for new connections; lost when the container is recreated
       nsenter --net=/proc/no-process-in-3/ns/net ip link set dev eth0 mtu 1450
       undo: nsenter --net=/proc/no-process-in-3/ns/net ip link set dev eth0 mtu 1500
  for good  in container pod, which runs the inner Docker: restart it with the MTU of its host, and recreate its containers
       dockerd --mtu=1450

host  ens3 1500
├─ pod (pod 01fbdc88), sidecar  eth0 1450 > veth112 1450 > cni0 1450 > ens3 1500
│  └─ build  eth0 1500 > veth8 1500 > docker0 1500 (should be 1450) > eth0 1450 (limit) > veth112 1450 > cni0 1450 > ens3 1500
└─ lonely  no default route

4 containers, 1 mismatch: build (4 network namespaces, 7 ms)
"
    );
}

#[test]
fn what_is_only_around_it_has_no_path() {
    let node = incident().0;
    let text = drawn(&node, &["build".to_owned()], false);
    assert!(text.contains("\n\nhost\n└─ pod\n   └─ build  eth0 1500 > "), "{text}");
    assert!(text.contains("\n1 container, 1 mismatch: build ("), "{text}");
}

#[test]
fn trunks_end_with_their_last_branch() {
    let node = incident()
        .pair((2, 18, "veth18", 1400), (4, 17, "eth0", 1400))
        .port(2, 18, 3)
        .address(4, 17, "172.17.0.3/16")
        .gateway(4, 17, "172.17.0.1")
        .0;
    let text = drawn(&node, &[], false);
    let tree: Vec<&str> = text.lines().skip_while(|line| !line.is_empty()).skip(1).collect();
    let lines: Vec<&str> =
        tree.iter().map(|line| line.trim_end_matches(|c: char| !"─│".contains(c))).collect();
    assert_eq!(lines[..4], ["", "└─", "   ├─", "   └─"], "{text}");
    assert!(text.contains("\n   ├─ build  eth0") && text.contains("\n   └─ namespace 4  eth0"), "{text}");
}

#[test]
fn both_families_are_named() {
    let node =
        incident().address(1, 2, "2001:db8::5/64").route(1, 2, "::/0", Some("2001:db8::1"), Some(1280)).0;
    let text = drawn(&node, &[], false);
    assert!(text.contains("host  IPv4  ens3 1500\n│  host  IPv6  ens3 1280\n"), "{text}");
}

#[test]
fn names_do_not_act_on_the_terminal() {
    let evil = "e\x1b[2J\r\nv\u{202e}il";
    let mut node = incident()
        .edit(2, 3, |link| link.name = evil.to_owned())
        .edit(3, 7, |link| link.name = evil.to_owned())
        .0;
    node.netns.get_mut(&NetnsId(2)).unwrap().containers.clear();
    node.netns.get_mut(&NetnsId(2)).unwrap().name = Some(evil.to_owned());
    let inner = &mut node.netns.get_mut(&NetnsId(3)).unwrap().containers[0];
    inner.id = evil.to_owned();
    inner.name = Some(evil.to_owned());
    inner.pod = Some(Pod { uid: Some(evil.to_owned()), ..Pod::default() });
    let text = drawn(&node, &[], false);
    assert!(!text.contains(|c: char| (c.is_control() && c != '\n') || c == '\u{202e}'), "{text:?}");
    assert_eq!(text.lines().count(), 10, "{text}");
    assert!(text.contains(r"e\u{1b}[2J\u{d}\u{a}v\u{202e}il 1500 (should be 1450)"), "{text}");
}

#[test]
fn colours_change_nothing_else() {
    let node = incident().0;
    let coloured = drawn(&node, &[], true);
    let mut plain = coloured.clone();
    for code in ["\x1b[1m", "\x1b[1;31m", "\x1b[1;32m", "\x1b[1;33m", "\x1b[0m"] {
        assert!(coloured.contains(code), "{code:?}");
        plain = plain.replace(code, "");
    }
    assert_eq!(plain, drawn(&node, &[], false));
}

#[test]
fn what_routes_say_and_what_was_learnt() {
    let mut node = incident().0;
    let build = node.netns.get_mut(&NetnsId(3)).unwrap();
    build.routes.iter_mut().for_each(|route| route.advmss = Some(1400));
    build.routes_cut = 2;
    let learnt = |n: u8| Learnt { destination: [192, 0, 2, n].into(), mtu: 1400 + u32::from(n) };
    build.learnt = (1..=6).map(learnt).collect();
    let text = drawn(&node, &["build".to_owned()], false);
    assert!(text.contains("> ens3 1500 (advmss 1400)\n"), "{text}");
    assert!(text.contains(" 2 routes not read\n"), "{text}");
    let few = "path MTU learnt by ICMP: 1401 for 192.0.2.1, 1402 for 192.0.2.2, 1403 for 192.0.2.3, 1404 for 192.0.2.4 and 2 more\n";
    assert!(text.contains(few), "{text}");
}

#[test]
fn other_ways_out_and_what_faces_each_other() {
    let vpn =
        |mtu| incident().device(1, 9, "tun0", LinkKind::Tun, mtu).route(1, 9, "10.50.0.0/16", None, None);
    let text = drawn(&vpn(1300).0, &["build".to_owned()], false);
    let way = "10.50.0.0/16  eth0 1500 > veth8 1500 > docker0 1500 (should be 1300) > eth0 1450 > ";
    assert!(text.contains(way) && text.contains("cni0 1450 > tun0 1300 (limit)\n"), "{text}");
    assert!(
        text.contains("       dockerd --mtu=1450\n") && text.contains("       dockerd --mtu=1300\n"),
        "{text}"
    );
    let text = drawn(&vpn(1450).0, &["build".to_owned()], false);
    assert!(!text.contains("tun0"), "no narrower than the default path: {text}");
    let node = incident().edit(3, 7, |link| link.mtu = 1400).0;
    assert!(drawn(&node, &[], false).contains(" veth8 1500 faces eth0 1400\n"));
    let node = incident().edit(2, 8, |link| link.mtu = 1400).0;
    let text = drawn(&node, &["build".to_owned()], false);
    assert!(text.contains(" eth0 1500 > veth8 1400 (should be 1500) > docker0 1500"), "{text}");
    assert!(text.contains("1 container, 1 mismatch"), "{text}");
}

#[test]
fn namespaces_without_a_container_are_named_and_counted() {
    let mut node = incident().0;
    let bare = node.netns.get_mut(&NetnsId(3)).unwrap();
    bare.containers.clear();
    (bare.pid, bare.command) = (Some(12), Some("slirp\x1b4netns".to_owned()));
    let text = drawn(&node, &[], false);
    assert!(text.contains("└─ namespace 3 (pid 12, slirp\\u{1b}4netns)  eth0 1500 > "), "{text}");
    assert!(text.contains("\n1 container and 1 namespace without one, 1 mismatch: namespace 3 (pid 12, slirp\\u{1b}4netns) ("), "{text}");
}

#[test]
fn what_could_not_be_followed_stands_below() {
    use crate::model::Action;
    use crate::testing::node::rule;
    let mut node = incident().edit(2, 3, |link| link.mtu = 1450).edit(3, 7, |link| link.mtu = 1450).0;
    node.netns.get_mut(&NetnsId(2)).unwrap().rules =
        vec![crate::model::Rule { extraordinary: true, mark: Some((1, 1)), ..rule(9, Action::Table(7)) }];
    let mut tree = Tree::new(&node, &["build".to_owned()]);
    tree.add_unreadable(&[(NetnsId(9), "gone\x1b".to_owned())].into());
    let mut out = Vec::new();
    write(&mut out, &tree, &ScanStats::default(), View::Folded, false).unwrap();
    let text = String::from_utf8(out).unwrap();
    let lines = "\n\nnot followed in pod: rule 9 (fwmark 0x1/0x1): what it is about goes by table 7\n\
                 not followed in namespace 9: namespace 9 could not be read: gone\\u{1b}\n\n";
    assert!(text.contains(lines), "{text}");
    assert!(text.contains("1 container, no mismatch in what could be followed ("), "{text}");
}

/// The incident with this many more containers on docker0, each with this MTU of its own.
fn crowd(count: u32, mtu: u32) -> Node {
    let more = (10..10 + count).fold(incident().edit(2, 3, |link| link.mtu = 1450), |node, n| {
        let port = format!("veth{n}");
        node.pair((2, n, port.as_str(), mtu), (n, 7, "eth0", mtu))
            .port(2, n, 3)
            .address(n, 7, &format!("172.17.1.{n}/16"))
            .gateway(n, 7, "172.17.0.1")
            .container(n, &format!("web-{n}"))
    });
    let inner = |node: Builder| node.edit(3, 7, |link| link.mtu = 1500);
    inner(more).0
}

#[test]
fn one_of_three_hundred_is_on_the_first_line_and_the_others_are_one() {
    let text = drawn(&crowd(200, 1450), &[], false);
    let first = text.lines().next().unwrap();
    assert!(first.starts_with("WARNING  build  eth0 1500 (should be 1450) > "), "{text}");
    assert!(text.contains("   ├─ build  eth0 1500 (should be 1450) > "), "{text}");
    assert!(
        text.contains("\n   └─ 200 containers:  eth0 1450 > docker0 1450 > eth0 1450 > cni0 1450 > "),
        "{text}"
    );
    assert!(text.contains("\n202 containers, 1 mismatch: build ("), "{text}");
    assert!(text.lines().count() < 16, "{text}");
    let all = viewed(&crowd(200, 1450), &[], View::All, false);
    assert!(all.contains("─ web-57  eth0 1450 > veth57 1450 > docker0 1450 > "), "{all}");
    assert_eq!(all.lines().filter(|line| line.contains("web-")).count(), 200, "{all}");
    let problems = viewed(&crowd(200, 1450), &[], View::Problems, false);
    assert!(problems.starts_with("WARNING  build  ") && !problems.contains("web-"), "{problems}");
    assert!(problems.ends_with("1 mismatch: build (203 network namespaces, 7 ms)\n"), "{problems}");
}

#[test]
fn few_that_are_equal_are_named_and_two_are_not_folded() {
    let text = drawn(&crowd(3, 1450), &[], false);
    assert!(
        text.contains("└─ 3 containers (web-10, web-11, web-12):  eth0 1450 > docker0 1450 > "),
        "{text}"
    );
    let text = drawn(&crowd(2, 1450), &[], false);
    assert!(text.contains("├─ web-10  ") && text.contains("└─ web-11  "), "{text}");
}

#[test]
fn the_remarkable_is_not_folded() {
    let mut node = crowd(4, 1450);
    let learnt = Learnt { destination: [192, 0, 2, 1].into(), mtu: 1400 };
    node.netns.get_mut(&NetnsId(11)).unwrap().learnt = vec![learnt];
    let text = drawn(&node, &[], false);
    assert!(text.contains("    web-11  path MTU learnt by ICMP: 1400 for 192.0.2.1\n"), "{text}");
    assert!(text.contains("─ 3 containers (web-10, web-12, web-13):  "), "{text}");
}

#[test]
fn many_with_one_cause_have_one_fix() {
    let mut node = crowd(9, 1500);
    node.netns.get_mut(&NetnsId(2)).unwrap().links.get_mut(&3).unwrap().mtu = 1500;
    let text = drawn(&node, &[], false);
    let fixes = |text: &str| text.matches("       dockerd --mtu=1450\n").count();
    assert_eq!(fixes(&text), 1, "{text}");
    assert!(
        text.contains("\nWARNING  7 more of the same cause: web-12, web-13, web-14 and 4 more\n"),
        "{text}"
    );
    assert!(text.contains("─ web-18  eth0 1500 > veth18 1500 > docker0 1500 (should be 1450)"), "{text}");
    assert!(text.contains(", 10 mismatches: build, web-10, web-11 and 7 more ("), "{text}");
    let problems = viewed(&node, &[], View::Problems, false);
    assert_eq!(problems.matches("\nWARNING  web-").count(), 9, "{problems}");
    assert_eq!(fixes(&problems), 1, "{problems}");
}
