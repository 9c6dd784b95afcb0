//! What helps where fragments are lost, or many.
use std::net::IpAddr;

use super::fix::{config, now, permanent, ranked};
use super::shell::enter;
use crate::model::describe::owner;
use crate::model::{Fix, Flow, Hop, NetnsId, Node};
use crate::topology;

/// Every IPv6 link carries this (RFC 8200 §5), and hardly any of IPv4 less.
const SAFE_MTU: u32 = 1280;
/// Port of DNS (RFC 1035).
const DNS: u16 = 53;

/// The remedies for datagrams of which fragments are lost: `filtered` are the namespaces whose firewalls drop some, `flow` is
/// one of them.
pub(crate) fn whole_datagrams(
    netns: NetnsId,
    filtered: impl Iterator<Item = NetnsId>,
    flow: Option<Flow>,
    path: &[Hop],
    node: &Node,
) -> Vec<Fix> {
    let mut fixes = Vec::new();
    for at in filtered {
        let inside = enter(at, node);
        fixes.push(now(
            &format!("in {}, whose firewall drops them, as root", owner(at, node)),
            "reassemble datagrams before its rules look at them, as connection tracking does",
            format!(
                "{inside}nft 'add table inet mtu_defrag; add chain inet mtu_defrag early {{ type filter hook prerouting priority -300; }}; \
                 add rule inet mtu_defrag early ct state new counter'"
            ),
            format!("{inside}nft delete table inet mtu_defrag"),
        ));
    }
    let mtu = path.first().map_or(SAFE_MTU, |own| own.mtu);
    let Some(flow) = flow else { return ranked(fixes) };
    let has = |ip: IpAddr| topology::resolve(node, netns, ip).is_some();
    // It may have been sent by the other end: that is who can make them smaller, and whom a probe is for.
    let (sent_here, other) =
        if has(flow.dst.ip()) && !has(flow.src.ip()) { (false, flow.src) } else { (true, flow.dst) };
    if flow.src.port() == DNS || flow.dst.port() == DNS {
        fixes.push(config(
            &format!(
                "in the resolver of {} (CoreDNS; others call it edns-udp-size or edns-buffer-size)",
                owner(netns, node)
            ),
            "ask for answers that fit one packet; larger ones then come by TCP",
            "bufsize 1232".to_owned(),
        ));
    }
    if sent_here {
        fixes.extend(smaller_datagrams(netns, mtu, other.ip(), node));
    } else {
        fixes.push(permanent(
            &format!("in the application on {} that sends them, or in the network between", other.ip()),
            &format!(
                "send at most {} bytes per datagram, or let fragments pass; this command shows what fits in one piece",
                mtu.saturating_sub(headers(other.ip()))
            ),
            format!("{}ping -c 3 -M do -s {} {}", enter(netns, node), mtu.saturating_sub(headers(other.ip())), other.ip()),
        ));
    }
    ranked(fixes)
}

/// Bytes of the headers of UDP, and of an echo request.
fn headers(ip: IpAddr) -> u32 {
    if ip.is_ipv4() { 28 } else { 48 }
}

/// The remedies for a sender of datagrams that must be fragmented.
pub(crate) fn smaller_datagrams(netns: NetnsId, mtu: u32, to: IpAddr, node: &Node) -> Vec<Fix> {
    let payload = mtu.saturating_sub(headers(to));
    ranked(vec![permanent(
        "in the application that sends them",
        &format!(
            "send at most {payload} bytes per datagram; this command shows whether that much arrives in one piece"
        ),
        format!("{}ping -c 3 -M do -s {payload} {to}", enter(netns, node)),
    )])
}
