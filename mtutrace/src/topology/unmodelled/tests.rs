//! Sentences about what is left out.
use super::*;
use crate::model::{Remotes, TcFilter};
use crate::testing::node::{Builder, HOST, ip, rule};

fn said(node: &Node) -> Vec<String> {
    unmodelled(node, HOST).into_iter().map(|one| format!("{:?}: {}", one.kind, one.what)).collect()
}

fn host() -> Builder {
    Builder::new()
        .device(1, 2, "eth0", LinkKind::Physical, 1500)
        .device(1, 3, "kubespan", LinkKind::Wireguard, 1420)
        .gateway(1, 2, "192.0.2.1")
}

#[test]
fn rules_that_want_a_mark() {
    assert!(said(&host().0).is_empty());
    let mut node = host().route(1, 3, "0.0.0.0/0", None, None).0;
    let netns = node.netns.get_mut(&HOST).unwrap();
    netns.routes.last_mut().unwrap().table = 180;
    let marked = |mark, action| Rule { extraordinary: true, mark, ..rule(32764, action) };
    netns.rules = vec![
        marked(Some((0x40, 0x60)), Action::Table(180)),
        Rule { to: Some((ip("10.0.0.0"), 8)), ..marked(None, Action::Table(9)) },
        Rule { v4: false, unknown: true, ..rule(5, Action::Refuse) },
        rule(32766, Action::Table(254)),
    ];
    let expected = [
        "Rule: rule 32764 (fwmark 0x40/0x60): what it is about leaves by kubespan (MTU 1420), of table 180",
        "Rule: rule 32764 (to 10.0.0.0/8, a TOS or a bound socket): what it is about goes by table 9",
        "Rule: IPv6 rule 5 (a user, a protocol, ports or a tunnel's id): what it is about is refused",
    ];
    assert_eq!(said(&node), expected);
}

#[test]
fn switches_filters_and_what_was_too_much() {
    let mut node = host().device(1, 9, "ovs-system", LinkKind::Other, 1500).port(1, 2, 9).0;
    let netns = node.netns.get_mut(&HOST).unwrap();
    netns.drivers.insert(9, "openvswitch".to_owned());
    netns.routes_cut = 3;
    netns.note_cut("devices", 5);
    netns.xdp.insert(2);
    netns.tc = vec![
        TcFilter { ifindex: 2, does: TcAction::Program("cil_from_netdev".to_owned()) },
        TcFilter { ifindex: 2, does: TcAction::Redirect(3) },
    ];
    netns.remotes.insert(3, Remotes { known: Vec::new(), more: 7 });
    let expected = [
        "Routes: routes that were too many to read: 3 or more",
        "Table: devices that were too many to read: 5 or more",
        "Switch: 1 ports of ovs-system (openvswitch) send by its own tables",
        "Xdp: an XDP program on eth0 may send packets elsewhere",
        "Tc: the eBPF program cil_from_netdev at TC on eth0 may send packets elsewhere",
        "Tc: a TC filter on eth0 redirects packets to kubespan",
        "Tunnel: other ends of kubespan that were too many to look at: 7",
    ];
    assert_eq!(said(&node), expected);
    let netns = node.netns.get_mut(&HOST).unwrap();
    netns.vrfs.insert(9, 100);
    assert!(!said(&node).iter().any(|what| what.starts_with("Switch")), "a VRF is followed");
}
