//! Overheads by kind and options, from attributes as the kernel writes them.
use test_case::test_case;

use super::*;
use crate::topology::dump::tests::attribute;

const V4: [u8; 4] = [192, 0, 2, 2];
const V6: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

#[test_case("vxlan", true, &[(2, &V4)], 50, true)]
#[test_case("vxlan", true, &[(16, &V6)], 70, false; "vxlan over ipv6")]
#[test_case("vxlan", true, &[(2, &V4), (29, &[1])], 50, false; "vxlan with df")]
#[test_case("vxlan", false, &[(2, &V4), (27, &[])], 36, true; "vxlan gpe without ethernet")]
#[test_case("vxlan", true, &[(2, &V4), (23, &[])], 50, true; "gbp has its bits in the header")]
#[test_case("geneve", true, &[(2, &V4)], 50, true)]
#[test_case("geneve", true, &[(7, &V6)], 70, false; "geneve over ipv6")]
#[test_case("ipip", false, &[(3, &V4), (10, &[1])], 20, false)]
#[test_case("ipip", false, &[(3, &V4), (10, &[0])], 20, true; "ipip nopmtudisc")]
#[test_case("sit", false, &[(3, &V4), (10, &[1]), (15, &2u16.to_ne_bytes())], 32, false; "sit in gue")]
#[test_case("ip6tnl", false, &[(3, &V6), (8, &0u32.to_ne_bytes())], 48, false)]
#[test_case("ip6tnl", false, &[(3, &V6), (8, &1u32.to_ne_bytes())], 40, false; "ip6tnl encaplimit none")]
#[test_case("gre", false, &[(7, &V4), (3, &[0, 0]), (10, &[1])], 24, false)]
#[test_case("gre", false, &[(7, &V4), (3, &[0xb0, 0]), (10, &[1])], 36, false; "gre with csum key and seq")]
#[test_case("gretap", true, &[(7, &V4), (3, &[0x20, 0]), (10, &[1])], 42, false; "gretap with key")]
#[test_case("ip6gre", false, &[(7, &V6), (13, &1u32.to_ne_bytes())], 44, false; "ip6gre encaplimit none")]
#[test_case("ip6gretap", true, &[(7, &V6), (13, &0u32.to_ne_bytes())], 66, false)]
#[test_case("erspan", true, &[(7, &V4), (22, &[1]), (10, &[1])], 50, false; "erspan v1")]
#[test_case("wireguard", false, &[], 60, true)]
fn bytes_that_a_packet_grows_by(
    kind: &str,
    ethernet: bool,
    options: &[(u16, &[u8])],
    overhead: u32,
    cuts: bool,
) {
    let data: Vec<u8> = options.iter().flat_map(|(kind, value)| attribute(*kind, value)).collect();
    let found = tunnel(kind, &data, ethernet).unwrap();
    assert_eq!((found.overhead, found.cuts), (overhead, cuts));
}

#[test]
fn where_it_sends() {
    let data = [
        attribute(3, &7u32.to_ne_bytes()),
        attribute(4, &[192, 0, 2, 1]),
        attribute(2, &V4),
        attribute(15, &[0x12, 0xb5]),
        attribute(25, &[0]),
    ];
    let found = tunnel("vxlan", &data.concat(), true).unwrap();
    assert_eq!((found.link, found.port, found.external), (Some(7), Some(4789), false));
    assert_eq!((found.remote, found.local), ("192.0.2.2".parse().ok(), "192.0.2.1".parse().ok()));
    assert!(tunnel("vxlan", &attribute(25, &[1]), true).unwrap().external);
    assert!(tunnel("geneve", &attribute(6, &[]), true).unwrap().external);
}

#[test]
fn others_and_garbage() {
    assert_eq!(tunnel("veth", &[], true), None);
    assert_eq!(tunnel("vxlan", &[9, 0, 3], true).unwrap().overhead, 50);
    assert_eq!(tunnel("gre", &attribute(3, &[1]), false).unwrap().overhead, 24);
}
