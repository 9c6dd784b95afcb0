//! Fills what the kernel side must know of the kernel's types, by name, from BTF.
use std::collections::BTreeMap;

use mtutrace_common::config::{Offsets, Reasons};

use super::btf::Btf;

#[cfg(test)]
mod tests;

type Slot = fn(&mut Offsets) -> &mut u32;

/// Every field that a hook reads, and where its offset goes: the one place that says both.
const FIELDS: [(&str, Slot); 35] = [
    ("sk_buff.len", |o| &mut o.skb_len),
    ("sk_buff.head", |o| &mut o.skb_head),
    ("sk_buff.end", |o| &mut o.skb_end),
    ("sk_buff.data", |o| &mut o.skb_data),
    ("sk_buff.dev", |o| &mut o.skb_dev),
    ("sk_buff.protocol", |o| &mut o.skb_protocol),
    ("sk_buff.network_header", |o| &mut o.skb_network_header),
    ("sk_buff._skb_refdst", |o| &mut o.skb_refdst),
    ("skb_shared_info.gso_size", |o| &mut o.shinfo_gso_size),
    ("skb_shared_info.gso_segs", |o| &mut o.shinfo_gso_segs),
    ("net_device.ifindex", |o| &mut o.dev_ifindex),
    ("net_device.mtu", |o| &mut o.dev_mtu),
    ("net_device.nd_net.net", |o| &mut o.dev_net),
    ("net.ns.inum", |o| &mut o.net_inum),
    ("dst_entry.dev", |o| &mut o.dst_dev),
    ("dst_entry._metrics", |o| &mut o.dst_metrics),
    ("sock.__sk_common.skc_net.net", |o| &mut o.sock_net),
    ("sock.__sk_common.skc_family", |o| &mut o.sock_family),
    ("sock.__sk_common.skc_num", |o| &mut o.sock_num),
    ("sock.__sk_common.skc_dport", |o| &mut o.sock_dport),
    ("sock.__sk_common.skc_daddr", |o| &mut o.sock_daddr),
    ("sock.__sk_common.skc_rcv_saddr", |o| &mut o.sock_saddr),
    ("sock.__sk_common.skc_v6_daddr", |o| &mut o.sock_daddr6),
    ("sock.__sk_common.skc_v6_rcv_saddr", |o| &mut o.sock_saddr6),
    ("sock.sk_protocol", |o| &mut o.sock_protocol),
    ("sk_buff.cb", |o| &mut o.skb_cb),
    ("inet_skb_parm.frag_max_size", |o| &mut o.cb_frag_max_size),
    ("inet6_skb_parm.frag_max_size", |o| &mut o.cb6_frag_max_size),
    ("sk_buff.ignore_df", |o| &mut o.skb_ignore_df),
    ("rtable.rt_pmtu", |o| &mut o.rtable_pmtu),
    ("fib_nh_common.nhc_dev", |o| &mut o.nhc_dev),
    ("flowi4.saddr", |o| &mut o.flowi4_saddr),
    ("flowi4.daddr", |o| &mut o.flowi4_daddr),
    ("flowi6.saddr", |o| &mut o.flowi6_saddr),
    ("flowi6.daddr", |o| &mut o.flowi6_daddr),
];

/// Those of [`FIELDS`] that are bitfields, and whose offsets are in bits.
pub(super) const BITFIELDS: [&str; 2] = ["sk_buff.ignore_df", "rtable.rt_pmtu"];

const _: () = assert!(size_of::<Offsets>() == FIELDS.len() * size_of::<u32>(), "a slot without a field");

/// `include/net/dropreason-core.h`, from 5.17 on.
const REASON_ENUM: &str = "skb_drop_reason";
const REASON_PREFIX: &str = "SKB_DROP_REASON_";
/// Members of the enum that are no reasons: its bound, and the mask of the subsystems.
const NO_REASONS: [&str; 2] = ["MAX", "SUBSYS_MASK"];

/// The fields that [`resolve`] looks for, as dotted paths; what a hook says it needs must be among them.
pub fn fields() -> impl Iterator<Item = &'static str> {
    FIELDS.iter().map(|(path, _)| *path)
}

/// The offsets of all fields, and the paths of those that this kernel lacks ([`Offsets::UNKNOWN`]).
///
/// A field is absent when its feature isn't built (`skc_v6_daddr` without IPv6), or a later kernel renamed it.
pub fn resolve(btf: &Btf) -> (Offsets, Vec<&'static str>) {
    let mut offsets = Offsets::NONE;
    let mut missing = Vec::new();
    for (path, slot) in FIELDS {
        let found = if BITFIELDS.contains(&path) { btf.bits(path) } else { btf.field(path) };
        match found {
            Some(offset) => *slot(&mut offsets) = offset,
            None => missing.push(path),
        }
    }
    (offsets, missing)
}

/// Of the fields that a hook needs, those that the kernel lacks: not empty means that the hook is left out.
///
/// A path that isn't among [`fields`] was never resolved, and counts as lacking too.
pub fn missing_for<'a>(needed: &[&'a str], missing: &[&'static str]) -> Vec<&'a str> {
    let lacking = |path: &&str| missing.contains(path) || !fields().any(|field| field == *path);
    needed.iter().copied().filter(lacking).collect()
}

/// The drop reasons that the kernel side compares with. Their numbers move up and down between builds, so they
/// are looked up by name; 0 (`SKB_NOT_DROPPED_YET`, which is never a drop's) where there is no such reason.
pub fn reasons(btf: &Btf) -> Reasons {
    let value = |name: &str| {
        let value = btf.enum_value(REASON_ENUM, &format!("{REASON_PREFIX}{name}"));
        value.and_then(|value| u32::try_from(value).ok()).unwrap_or(0)
    };
    // trace_kfree_skb(skb, location, reason, …): include/trace/events/skb.h
    let has_reason = btf.func_args("btf_trace_kfree_skb").is_some_and(|arguments| arguments >= 3);
    Reasons {
        has_reason: u32::from(has_reason),
        pkt_too_big: value("PKT_TOO_BIG"),
        not_specified: value("NOT_SPECIFIED"),
        netfilter_drop: value("NETFILTER_DROP"),
        reassembly_timeout: value("FRAG_REASM_TIMEOUT"),
    }
}

/// Names of the running kernel's drop reasons by number, without `SKB_DROP_REASON_`; empty before 5.17.
pub fn reason_names(btf: &Btf) -> BTreeMap<u32, String> {
    let reason = |(name, value): (&str, u64)| {
        let name = name.strip_prefix(REASON_PREFIX).filter(|name| !NO_REASONS.contains(name))?;
        Some((u32::try_from(value).ok()?, name.to_owned()))
    };
    btf.enum_variants(REASON_ENUM).into_iter().filter_map(reason).collect()
}
