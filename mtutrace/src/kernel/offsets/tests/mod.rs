mod shuffled;

use super::*;
use crate::kernel::btf::tests::builder::Builder;

#[test]
fn what_a_kernel_lacks_is_unknown_and_named() {
    let mut b = Builder::default();
    let int = b.int("unsigned int", 4);
    b.structure("net_device", 600, &[("ifindex", int, 256 * 8), ("mtu", int, 544 * 8)]);
    let btf = Btf::parse(b.build()).unwrap();
    let (offsets, missing) = resolve(&btf);
    assert_eq!(offsets, Offsets { dev_ifindex: 256, dev_mtu: 544, ..Offsets::NONE });
    assert_eq!(missing.len(), Offsets::FIELDS.len() - 2);
    assert!(missing.contains(&"net_device.nd_net.net"));
    let needed = ["net_device.mtu", "net.ns.inum", "net_device.mtuu"];
    assert_eq!(missing_for(&needed, &missing), ["net.ns.inum", "net_device.mtuu"]);
    assert!(missing_for(&["net_device.mtu"], &missing).is_empty());
}

#[test]
fn each_field_has_a_slot_of_its_own() {
    let mut offsets = Offsets::NONE;
    for (number, field) in Offsets::FIELDS.iter().enumerate() {
        assert_eq!(*(field.slot)(&mut offsets), Offsets::UNKNOWN, "{}", field.path);
        *(field.slot)(&mut offsets) = u32::try_from(number).unwrap();
    }
}

#[test]
fn a_kernel_without_reasons() {
    let mut b = Builder::default();
    let pointer = b.link(2, "", 0);
    let prototype = b.prototype(0, &[pointer, pointer, pointer]);
    let to = b.link(2, "", prototype);
    b.link(8, "btf_trace_kfree_skb", to);
    let btf = Btf::parse(b.build()).unwrap();
    assert_eq!(reasons(&btf), Reasons::default());
    assert!(reason_names(&btf).is_empty());
}

#[test]
fn reasons_by_name() {
    let mut b = Builder::default();
    let variants = [
        ("SKB_NOT_DROPPED_YET", 0),
        ("SKB_CONSUMED", 1),
        ("SKB_DROP_REASON_NOT_SPECIFIED", 2),
        ("SKB_DROP_REASON_NETFILTER_DROP", 12),
        ("SKB_DROP_REASON_PKT_TOO_BIG", 93),
        ("SKB_DROP_REASON_MAX", 94),
        ("SKB_DROP_REASON_SUBSYS_MASK", 0xffff_0000),
    ];
    b.enumeration("skb_drop_reason", false, &variants);
    let pointer = b.link(2, "", 0);
    let prototype = b.prototype(0, &[pointer; 5]);
    let to = b.link(2, "", prototype);
    b.link(8, "btf_trace_kfree_skb", to);
    let btf = Btf::parse(b.build()).unwrap();
    let expected = Reasons {
        has_reason: 1,
        pkt_too_big: 93,
        not_specified: 2,
        netfilter_drop: 12,
        reassembly_timeout: 0,
        tcp_checksum: 0,
        udp_checksum: 0,
    };
    assert_eq!(reasons(&btf), expected);
    let names: Vec<(u32, String)> = reason_names(&btf).into_iter().collect();
    let expected = [(2, "NOT_SPECIFIED"), (12, "NETFILTER_DROP"), (93, "PKT_TOO_BIG")];
    assert_eq!(names, expected.map(|(number, name)| (number, name.to_owned())));
}
