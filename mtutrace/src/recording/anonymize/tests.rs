use std::net::IpAddr;

use super::*;
use crate::testing::node::{incident, ip};
use crate::topology::path;

fn shared(a: IpAddr, b: IpAddr) -> u32 {
    match (a, b) {
        (IpAddr::V4(a), IpAddr::V4(b)) => (u32::from(a) ^ u32::from(b)).leading_zeros(),
        (IpAddr::V6(a), IpAddr::V6(b)) => (u128::from(a) ^ u128::from(b)).leading_zeros(),
        _ => panic!("a family became another"),
    }
}

#[test]
fn addresses_that_share_a_prefix_still_do_and_no_more() {
    let (anonymizer, mut random) = (Anonymizer::default(), fastrand::Rng::with_seed(2));
    for _ in 0..2000 {
        let base = random.u32(..);
        let other = base ^ (random.u32(..) >> random.u32(0..32));
        let [a, b] = [base, other].map(|bits| IpAddr::V4(bits.into()));
        let [x, y] = [a, b].map(|ip| anonymizer.address(ip));
        assert!(shared(x, y) == shared(a, b), "{a} {b} {x} {y}");
        assert_eq!(x, anonymizer.address(a), "the same throughout");
    }
    let [a, b] = ["2001:db8:1::5", "2001:db8:2::5"].map(ip);
    assert_eq!(shared(anonymizer.address(a), anonymizer.address(b)), shared(a, b));
}

#[test]
fn kinds_of_addresses_stay() {
    let anonymizer = Anonymizer::default();
    for known in ["127.0.0.1", "0.0.0.0", "169.254.1.1", "224.0.0.1", "::1", "::", "ff02::1"] {
        assert_eq!(anonymizer.address(ip(known)), ip(known));
    }
    let kept = |text: &str, bits| assert!(shared(anonymizer.address(ip(text)), ip(text)) >= bits, "{text}");
    kept("192.168.7.9", 16);
    kept("172.20.1.1", 12);
    kept("10.9.8.7", 8);
    kept("100.100.1.1", 10);
    kept("fe80::1234", 64);
    assert_eq!(anonymizer.network(ip("10.42.0.0"), 16), {
        let mapped = anonymizer.network(ip("10.42.0.0"), 16).to_string();
        assert!(mapped.ends_with(".0.0"), "{mapped}");
        ip(&mapped)
    });
    assert_eq!(anonymizer.network(ip("0.0.0.0"), 0), ip("0.0.0.0"));
}

#[test]
fn no_address_falls_into_a_reserved_range_beside_it() {
    let kind = |address: IpAddr| {
        let IpAddr::V4(v4) = address else { return (address.is_loopback(), address.is_multicast(), false) };
        let shared = v4.octets()[0] == 100 && v4.octets()[1] & 0xc0 == 64;
        (v4.is_private(), v4.is_link_local(), shared)
    };
    let pairs = [
        ("172.217.3.4", "172.17.0.2"),
        ("192.0.2.10", "192.168.1.5"),
        ("100.20.1.1", "100.64.0.1"),
        ("169.1.1.1", "169.254.1.1"),
        ("169.255.1.1", "169.254.1.1"),
        ("172.15.255.1", "172.16.0.1"),
        ("::2", "::1"),
        ("::fffe:10.0.0.1", "::ffff:10.0.0.1"),
    ];
    // Only one key in 256 shows the fault of the second pair.
    for _ in 0..2048 {
        let anonymizer = Anonymizer::default();
        for (a, b) in pairs.map(|(a, b)| (ip(a), ip(b))) {
            let (x, y) = (anonymizer.address(a), anonymizer.address(b));
            assert_eq!(shared(x, y), shared(a, b), "{a} {b} became {x} {y}");
            assert_eq!((kind(x), kind(y)), (kind(a), kind(b)), "{a} {b} became {x} {y}");
        }
    }
}

#[test]
fn what_tells_one_device_from_all_others_is_another() {
    for _ in 0..64 {
        let anonymizer = Anonymizer::default();
        // Of an id that is as long, one key in 16 to the power of its length leaves it as it is.
        for own in ["enx001122334455", "cali0123456789a", "cali9abcdef0123", "tap1a2b3c4d-5e", "veth1234567"]
        {
            let other = anonymizer.device(own);
            assert!(other != own && other.len() == own.len(), "{own} became {other}");
        }
        for word in ["br-facade", "tap-beef", "vethacme", "eth0-cafe", "docker-decade", "kube-bad"] {
            let other = anonymizer.device(word);
            assert!(other.starts_with("if-") && other.len() == 11, "{word} became {other}");
        }
        for long in [
            "calinot-a-hexadecimal",
            "br-0123456789ab-x",
            "veth0123456789abcdef",
            "caliwxyzwxyzwxy",
            "eth1234567890123",
        ] {
            assert!(anonymizer.device(long).len() <= 15, "{long} became {}", anonymizer.device(long));
        }
        for usual in ["eth0", "eth0.100", "docker0", "br0", "virbr0", "wg0", "vxlan.1", "lo", "veth1", "ens5"]
        {
            assert_eq!(anonymizer.device(usual), usual);
        }
    }
}

#[test]
fn names_have_no_meaning_and_ids_still_begin_alike() {
    let anonymizer = Anonymizer::default();
    assert_eq!(anonymizer.name("web"), anonymizer.name("web"));
    assert!(!anonymizer.name("web").contains("web") && anonymizer.name("web") != anonymizer.name("db"));
    let id = "0123456789abcdef0123456789abcdef";
    let other = anonymizer.id(id);
    assert!(other.len() == id.len() && other != id && other.chars().all(|c| c.is_ascii_hexdigit()));
    assert_eq!(anonymizer.device("br-0123456789ab"), format!("br-{}", &other[..12]));
    for usual in ["eth0", "docker0", "lo", "cni0", "vxlan.calico".split('.').next().unwrap(), "eth0.100"] {
        assert_eq!(anonymizer.device(usual), usual);
    }
    for own in ["acme-dmz", "customer1", "vethacme"] {
        assert!(!anonymizer.device(own).contains("acme") && anonymizer.device(own).len() <= 15, "{own}");
    }
    let uid = anonymizer.id("6f1a-22");
    assert!(uid.len() == 7 && uid.as_bytes()[4] == b'-');
}

#[test]
fn paths_lead_where_they_led() {
    let node = incident().0;
    let snapshot = Snapshot { node: Arc::new(node.clone()), ..Snapshot::default() };
    let other = Anonymizer::default().snapshot(&snapshot);
    for id in node.netns.keys() {
        let mtus =
            |node: &Node| path(node, *id, None).iter().map(|hop| (hop.id(), hop.mtu)).collect::<Vec<_>>();
        assert_eq!(mtus(&node), mtus(&other.node));
        let server = Some(ip("192.0.2.10"));
        assert_eq!(path(&node, *id, server).len(), path(&other.node, *id, server).len());
    }
    let written = serde_json::to_string(&other.node.netns.values().collect::<Vec<_>>()).unwrap();
    for netns in node.netns.values() {
        for container in &netns.containers {
            assert!(!written.contains(&format!("\"id\":\"{}\"", container.id)), "{written}");
        }
    }
}
