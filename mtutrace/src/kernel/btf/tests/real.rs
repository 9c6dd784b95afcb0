//! The running kernel's own BTF: relations only, since offsets differ between builds.
use std::time::Instant;

use super::*;
use crate::kernel::offsets;

fn running() -> Option<Btf> {
    match Btf::read(VMLINUX) {
        Ok(btf) => Some(btf),
        Err(BtfError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
            eprintln!("skipped: this kernel has no {VMLINUX}");
            None
        }
        Err(error) => panic!("{error}"),
    }
}

#[test]
fn every_field_is_found_and_they_do_not_overlap() {
    let Some(btf) = running() else { return };
    let (offsets, missing) = offsets::resolve(&btf);
    assert_eq!(missing, Vec::<&str>::new());
    let mut skb = vec![
        (offsets.skb_len, 4),
        (offsets.skb_head, 8),
        (offsets.skb_end, 4),
        (offsets.skb_data, 8),
        (offsets.skb_dev, 8),
        (offsets.skb_protocol, 2),
        (offsets.skb_network_header, 2),
        (offsets.skb_refdst, 8),
    ];
    skb.sort_unstable();
    for pair in skb.windows(2) {
        assert!(pair[0].0 + pair[0].1 <= pair[1].0, "{skb:?}");
    }
    // struct net_device and struct sock say where their parts are.
    assert_eq!(Some(offsets.dev_net), btf.field("net_device.nd_net"));
    let common = btf.field("sock.__sk_common").unwrap();
    assert_eq!(Some(offsets.sock_dport - common), btf.field("sock_common.skc_dport"));
    assert_eq!(offsets.sock_daddr + 4, offsets.sock_saddr, "one 64-bit pair: skc_addrpair");
    assert_eq!(offsets.sock_dport + 2, offsets.sock_num, "one 32-bit pair: skc_portpair");
    assert_eq!(offsets.sock_daddr6 + 16, offsets.sock_saddr6, "neighbours in struct sock_common");
    let ns = btf.field("net.ns").unwrap();
    assert_eq!(Some(offsets.net_inum - ns), btf.field("ns_common.inum"));
}

/// Another reader writes back what it read, type by type: the same number of types must be in it.
#[test]
fn aya_finds_the_same_types() {
    let Some(btf) = running() else { return };
    let data = std::fs::read(VMLINUX).unwrap();
    let theirs = aya::Btf::parse(&data, aya::Endianness::default()).unwrap();
    let copy = Btf::parse(theirs.to_bytes()).unwrap();
    assert_eq!(copy.len(), btf.len());
    assert_eq!(offsets::resolve(&copy), offsets::resolve(&btf));
}

#[test]
fn reasons_agree_with_the_tracepoint() {
    let Some(btf) = running() else { return };
    let (reasons, names) = (offsets::reasons(&btf), offsets::reason_names(&btf));
    assert_eq!(btf.func_args("kfree_skb_no_such"), None);
    if reasons.has_reason == 0 {
        eprintln!("skipped: kfree_skb has no reason on this kernel");
        return;
    }
    assert_eq!(names.get(&reasons.pkt_too_big).map(String::as_str), Some("PKT_TOO_BIG"));
    assert_eq!(names.get(&reasons.not_specified).map(String::as_str), Some("NOT_SPECIFIED"));
    assert_eq!(names.get(&reasons.netfilter_drop).map(String::as_str), Some("NETFILTER_DROP"));
    let tracepoint = btf.func_args("btf_trace_net_dev_queue");
    assert!(tracepoint.is_none_or(|arguments| arguments == 1), "net_dev_queue(skb): {tracepoint:?}");
}

/// `cargo test … -- --nocapture cost` prints it; the bound is loose because tests run unoptimised and in parallel.
#[test]
fn cost() {
    let Some(_) = running() else { return };
    let data = std::fs::read(VMLINUX).unwrap();
    let start = Instant::now();
    let btf = Btf::parse(data).unwrap();
    let parsed = start.elapsed();
    let _ = (offsets::resolve(&btf), offsets::reasons(&btf), offsets::reason_names(&btf));
    let all = start.elapsed();
    eprintln!("{} types: parse {parsed:?}, with all look-ups {all:?}", btf.len());
    eprintln!("{:?}\n{:?}", offsets::resolve(&btf), offsets::reasons(&btf));
    assert!(all.as_secs() < 5, "{all:?}");
}
