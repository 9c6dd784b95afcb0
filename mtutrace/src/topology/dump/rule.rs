//! Rules of policy routing.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netlink_packet_route::AddressFamily;

use crate::model::{Action, Rule};
use crate::topology::netlink::{address_bits, attributes, ip_of, text_of, u32_of};

// linux/fib_rules.h
pub(super) const RTM_NEWRULE: u16 = 32;
const FRA_DST: u16 = 1;
const FRA_SRC: u16 = 2;
const FRA_IIFNAME: u16 = 3;
const FRA_GOTO: u16 = 4;
const FRA_PRIORITY: u16 = 6;
const FRA_FWMARK: u16 = 10;
const FRA_SUPPRESS_PREFIXLEN: u16 = 14;
const FRA_TABLE: u16 = 15;
const FRA_FWMASK: u16 = 16;
const FRA_OIFNAME: u16 = 17;
const FRA_L3MDEV: u16 = 19;
/// FRA_TUN_ID, FRA_SUPPRESS_IFGROUP, FRA_UID_RANGE, FRA_IP_PROTO, the ports; and from FRA_DSCP on whatever
/// a newer kernel has.
const UNKNOWN: [u16; 6] = [12, 13, 20, 22, 23, 24];
const FRA_DSCP: u16 = 25;
const FIB_RULE_INVERT: u32 = 2;
/// Bytes of `struct fib_rule_hdr`.
const HEADER: usize = 12;
/// `RT_TABLE_DEFAULT`, `RT_TABLE_MAIN` and `RT_TABLE_LOCAL`.
pub(super) const OWN_TABLES: [u32; 3] = [253, 254, 255];

pub(super) fn rule(family: AddressFamily, kind: u16, payload: &[u8]) -> Option<Rule> {
    // Family, prefix lengths, TOS, table, and the action behind two reserved bytes.
    let &[of, to_bits, from_bits, tos, table, _, _, action] = payload.first_chunk()?;
    let flags = payload.get(8..).and_then(u32_of)?;
    if kind != RTM_NEWRULE || u8::from(family) != of {
        return None;
    }
    let v4 = family == AddressFamily::Inet;
    let any = if v4 { IpAddr::V4(Ipv4Addr::UNSPECIFIED) } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) };
    let network = |length: u8| (length > 0).then(|| (any, length.min(address_bits(any))));
    let mut rule = Rule {
        v4,
        priority: 0,
        from: network(from_bits),
        to: network(to_bits),
        iif: None,
        invert: flags & FIB_RULE_INVERT != 0,
        extraordinary: tos != 0,
        mark: None,
        l3mdev: false,
        unknown: false,
        action: Action::Nop,
        suppress: None,
    };
    let (mut table, mut target, mut mark, mut mask) = (u32::from(table), 0, 0, u32::MAX);
    for (attribute, value) in attributes(payload.get(HEADER..)?) {
        match attribute {
            FRA_DST => rule.to = rule.to.zip(ip_of(value)).map(|((_, bits), ip)| (ip, bits)),
            FRA_SRC => rule.from = rule.from.zip(ip_of(value)).map(|((_, bits), ip)| (ip, bits)),
            FRA_IIFNAME => rule.iif = Some(text_of(value)),
            FRA_L3MDEV => rule.l3mdev = value.first() > Some(&0),
            FRA_OIFNAME => rule.extraordinary = true,
            FRA_GOTO => target = u32_of(value)?,
            FRA_PRIORITY => rule.priority = u32_of(value)?,
            FRA_FWMARK => mark = u32_of(value)?,
            FRA_FWMASK => mask = u32_of(value)?,
            FRA_TABLE => table = u32_of(value)?,
            // -1 is none.
            FRA_SUPPRESS_PREFIXLEN => rule.suppress = u32_of(value).and_then(|bits| bits.try_into().ok()),
            _ => rule.unknown |= UNKNOWN.contains(&attribute) || attribute >= FRA_DSCP,
        }
    }
    rule.mark = (mark & mask != 0).then_some((mark, mask));
    rule.extraordinary |= rule.mark.is_some();
    // FR_ACT_*
    rule.action = match action {
        1 => Action::Table(table),
        2 => Action::Goto(target),
        3 => Action::Nop,
        6..=8 => Action::Refuse,
        _ => return None,
    };
    Some(rule)
}

/// Whether these are no more than the kernel's own: local, main and default, for everybody.
pub(super) fn are_standard(rules: &[Rule]) -> bool {
    rules.iter().all(|rule| {
        let Rule { from, to, iif, invert, extraordinary, l3mdev, unknown, suppress, .. } = rule;
        let everybody = from.is_none() && to.is_none() && iif.is_none();
        let plain = !invert && !extraordinary && !l3mdev && !unknown && suppress.is_none();
        let own = matches!(rule.action, Action::Table(table) if OWN_TABLES.contains(&table));
        everybody && plain && own
    })
}
