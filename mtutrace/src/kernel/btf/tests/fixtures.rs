//! Extracts of the BTF of every kernel of the matrix, and of a 6.18 of another configuration (`cargo xtask btf`).
//!
//! The numbers were written down once, and some of them compared with other readers (`bpftool btf dump`, `pahole`). They
//! belong to exact releases: within one series they move as well. A new release among the fixtures wants a new column.
use std::collections::BTreeMap;
use std::path::Path;

use mtutrace_common::offsets::Offsets;

use super::*;
use crate::kernel::hooks::HOOKS;
use crate::kernel::offsets;

const RELEASES: [&str; 7] = [
    "5.10.0-32-cloud-amd64",
    "6.1.0-50-cloud-amd64",
    "6.12.117+deb13-cloud-amd64",
    "6.17.13+deb13-cloud-amd64",
    "7.2.12+deb13-cloud-amd64",
    "7.3.4+deb13-cloud-amd64",
    "6.18.44",
];

/// Bytes from the start of the struct, in the order of the releases.
const FIELDS: [(&str, [u32; 7]); 37] = [
    ("sk_buff.len", [112; 7]),
    ("sk_buff.head", [192, 200, 200, 200, 200, 200, 192]),
    ("sk_buff.end", [188, 192, 192, 192, 192, 192, 188]),
    ("sk_buff.data", [200, 208, 208, 208, 208, 208, 200]),
    ("sk_buff.dev", [16; 7]),
    ("sk_buff.protocol", [176, 180, 180, 180, 180, 180, 176]),
    ("sk_buff.network_header", [180, 184, 184, 184, 184, 184, 180]),
    ("sk_buff._skb_refdst", [88; 7]),
    ("skb_shared_info.gso_size", [4; 7]),
    ("skb_shared_info.gso_segs", [6; 7]),
    ("net_device.ifindex", [256, 216, 224, 224, 224, 224, 224]),
    ("net_device.mtu", [544, 224, 56, 56, 56, 56, 56]),
    ("net_device.nd_net.net", [1264, 1272, 280, 264, 264, 264, 264]),
    ("net.ns.inum", [136, 144, 136, 168, 280, 280, 176]),
    ("dst_entry.dev", [0; 7]),
    ("dst_entry._metrics", [16; 7]),
    ("sock.__sk_common.skc_net.net", [48; 7]),
    ("sock.__sk_common.skc_family", [16; 7]),
    ("sock.__sk_common.skc_num", [14; 7]),
    ("sock.__sk_common.skc_dport", [12; 7]),
    ("sock.__sk_common.skc_daddr", [0; 7]),
    ("sock.__sk_common.skc_rcv_saddr", [4; 7]),
    ("sock.__sk_common.skc_v6_daddr", [56; 7]),
    ("sock.__sk_common.skc_v6_rcv_saddr", [72; 7]),
    ("sock.sk_protocol", [540, 516, 574, 574, 540, 540, 532]),
    ("tcp_sock.tcp_header_len", [1392, 1400, 1516, 1460, 1500, 1500, 1460]),
    ("inet_connection_sock.icsk_ext_hdr_len", [1230, 1246, 1294, 1254, 1286, 1286, 1254]),
    ("sk_buff.cb", [40; 7]),
    ("inet_skb_parm.frag_max_size", [22; 7]),
    ("inet6_skb_parm.frag_max_size", [20, 20, 20, 20, 20, 20, 18]),
    // In bits: 128:3, and 148:1 or 172:1.
    ("sk_buff.ignore_df", [1027; 7]),
    ("rtable.rt_pmtu", [1185, 1185, 1377, 1377, 1377, 1377, 1377]),
    ("fib_nh_common.nhc_dev", [0; 7]),
    ("flowi4.saddr", [40; 7]),
    ("flowi4.daddr", [44; 7]),
    ("flowi6.saddr", [56; 7]),
    ("flowi6.daddr", [40; 7]),
];

/// Drop reasons; 5.10 has no such enum.
const REASONS: [(&str, [Option<u32>; 7]); 7] = [
    ("NOT_SPECIFIED", [None, Some(1), Some(2), Some(2), Some(2), Some(2), Some(2)]),
    ("PKT_TOO_SMALL", [None, Some(3), Some(8), Some(9), Some(9), Some(9), Some(9)]),
    ("NETFILTER_DROP", [None, Some(7), Some(11), Some(12), Some(12), Some(12), Some(12)]),
    ("PKT_TOO_BIG", [None, Some(64), Some(80), Some(93), Some(91), Some(91), Some(93)]),
    ("SKB_GSO_SEG", [None, Some(51), Some(66), Some(76), Some(73), Some(73), Some(76)]),
    ("DUP_FRAG", [None, None, Some(81), Some(94), Some(92), Some(92), Some(94)]),
    ("RECURSION_LIMIT", [None, None, None, None, Some(125), Some(125), Some(127)]),
];

/// Arguments of raw tracepoints; none where there is no such tracepoint.
const TRACEPOINTS: [(&str, [Option<usize>; 7]); 4] = [
    ("btf_trace_kfree_skb", [Some(2), Some(3), Some(4), Some(4), Some(4), Some(4), Some(4)]),
    ("btf_trace_icmp_send", [None, Some(3), Some(3), Some(3), Some(3), Some(3), Some(3)]),
    ("btf_trace_tcp_retransmit_skb", [Some(2), Some(2), Some(2), Some(3), Some(3), Some(3), Some(3)]),
    ("btf_trace_sock_send_length", [None, None, Some(3), Some(3), Some(3), Some(3), Some(3)]),
];

/// Fields that a release is known to lack: each takes a hook away there.
const ABSENT: [(&str, &str); 0] = [];

fn fixtures() -> BTreeMap<String, Btf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/btf");
    let files = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let name =
        |path: &Path| path.file_name().unwrap().to_str().unwrap().strip_suffix(".btf").unwrap().to_owned();
    files.map(|path| (name(&path), Btf::read(path).unwrap())).collect()
}

/// Each fixture with the number of its column.
fn columns() -> impl Iterator<Item = (usize, &'static str, Btf)> {
    let mut fixtures = fixtures();
    RELEASES.into_iter().enumerate().map(move |(number, release)| {
        let btf = fixtures.remove(release);
        (number, release, btf.unwrap_or_else(|| panic!("no fixture of {release}: cargo xtask btf")))
    })
}

#[test]
fn every_fixture_has_a_column_and_is_small() {
    let mut releases = RELEASES.map(str::to_owned);
    releases.sort();
    let fixtures = fixtures();
    assert_eq!(fixtures.keys().cloned().collect::<Vec<_>>(), releases);
    for (release, btf) in fixtures {
        assert!(btf.len() < 300, "{release} has {} types", btf.len());
    }
}

#[test]
fn every_field_is_found_or_known_to_be_absent() {
    for (_, release, btf) in columns() {
        let (_, missing) = offsets::resolve(&btf);
        let known = ABSENT.iter().filter(|(where_, _)| *where_ == release).map(|(_, field)| *field);
        assert_eq!(
            missing,
            known.collect::<Vec<_>>(),
            "{release}; for a new field: cargo xtask btf --running"
        );
        // A hook that asks for a field that is not looked for would be missing everywhere.
        for hook in HOOKS {
            let lacking = offsets::missing_for(hook.needs, &missing);
            assert!(
                lacking.iter().all(|field| missing.contains(field)),
                "{release}: {} {lacking:?}",
                hook.name()
            );
        }
    }
}

#[test]
fn fields_lie_where_they_were_written_down() {
    for (number, release, btf) in columns() {
        for (path, expected) in FIELDS {
            let bitfield = Offsets::FIELDS.iter().any(|field| field.path == path && field.bits);
            let found = if bitfield { btf.bits(path) } else { btf.field(path) };
            assert_eq!(found, Some(expected[number]), "{release}: {path}");
        }
    }
}

#[test]
fn drop_reasons_have_the_numbers_of_their_kernel() {
    for (number, release, btf) in columns() {
        let names = offsets::reason_names(&btf);
        for (name, expected) in REASONS {
            let found = names.iter().find(|(_, known)| *known == name).map(|(value, _)| *value);
            assert_eq!(found, expected[number], "{release}: {name}");
        }
        let reasons = offsets::reasons(&btf);
        let expected = |name: &str| {
            let row = REASONS.iter().find(|(known, _)| *known == name).unwrap();
            row.1[number].unwrap_or(0)
        };
        assert_eq!(reasons.has_reason, u32::from(number != 0), "{release}: only 5.10 has none");
        assert_eq!(reasons.pkt_too_big, expected("PKT_TOO_BIG"), "{release}");
        assert_eq!(reasons.not_specified, expected("NOT_SPECIFIED"), "{release}");
        assert_eq!(reasons.netfilter_drop, expected("NETFILTER_DROP"), "{release}");
    }
}

#[test]
fn tracepoints_have_the_arguments_of_their_kernel() {
    for (number, release, btf) in columns() {
        for (name, expected) in TRACEPOINTS {
            assert_eq!(btf.func_args(name), expected[number], "{release}: {name}");
        }
    }
}

/// What is on disk may be cut off anywhere; a real kernel's types are another input than those of `hostile`.
#[test]
fn a_truncated_fixture_is_an_error() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/btf");
    for release in RELEASES {
        let data = std::fs::read(dir.join(format!("{release}.btf"))).unwrap();
        assert!(
            (0..data.len()).step_by(7).all(|length| Btf::parse(data[..length].to_vec()).is_err()),
            "{release}"
        );
    }
}
