//! Fills what the kernel side must know of the kernel's types, by name, from BTF.
use std::collections::BTreeMap;

use mtutrace_common::config::Reasons;
use mtutrace_common::offsets::Offsets;

use super::btf::Btf;

#[cfg(test)]
mod tests;

/// `include/net/dropreason-core.h`, from 5.17 on.
const REASON_ENUM: &str = "skb_drop_reason";
const REASON_PREFIX: &str = "SKB_DROP_REASON_";
/// Members of the enum that are no reasons: its bound, and the mask of the subsystems.
const NO_REASONS: [&str; 2] = ["MAX", "SUBSYS_MASK"];

/// The fields that [`resolve`] looks for, as dotted paths; what a hook says it needs must be among them.
pub fn fields() -> impl Iterator<Item = &'static str> {
    Offsets::FIELDS.iter().map(|field| field.path)
}

/// The offsets of all fields, and the paths of those that this kernel lacks ([`Offsets::UNKNOWN`]).
///
/// A field is absent when its feature isn't built (`skc_v6_daddr` without IPv6), or a later kernel renamed it.
pub fn resolve(btf: &Btf) -> (Offsets, Vec<&'static str>) {
    let mut offsets = Offsets::NONE;
    let mut missing = Vec::new();
    for field in Offsets::FIELDS {
        let found = if field.bits { btf.bits(field.path) } else { btf.field(field.path) };
        match found {
            Some(offset) => *(field.slot)(&mut offsets) = offset,
            None => missing.push(field.path),
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
        tcp_checksum: value("TCP_CSUM"),
        udp_checksum: value("UDP_CSUM"),
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
