//! The kernel's tables of connections, as text. Pure.
//!
//! nf_conntrack: net/netfilter/nf_conntrack_standalone.c, `ct_seq_show` (absent without CONFIG_NF_CONNTRACK_PROCFS).
use std::net::{IpAddr, SocketAddr};

use crate::model::Flow;

pub(super) const TCP: u8 = 6;
pub(super) const UDP: u8 = 17;

/// A tracked TCP or UDP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NatEntry {
    /// IP protocol number.
    pub(crate) protocol: u8,
    /// As its first packet arrived in the namespace, before NAT.
    pub(crate) original: Flow,
    /// As its answers arrive, before NAT is undone.
    pub(crate) reply: Flow,
}

impl NatEntry {
    /// `outer`, seen beyond the namespace, as it reads before source NAT.
    pub(super) fn before_source_nat(&self, outer: Flow) -> Option<Flow> {
        if self.reply.reversed() == outer {
            Some(self.original)
        } else if self.reply == outer {
            Some(self.original.reversed())
        } else {
            None
        }
    }

    /// `outer`, sent to a published port, as it reads behind it.
    pub(super) fn behind_published_port(&self, outer: Flow) -> Option<Flow> {
        if self.original.dst == self.reply.src {
            None
        } else if self.original == outer {
            Some(self.reply.reversed())
        } else if self.original.reversed() == outer {
            Some(self.reply)
        } else {
            None
        }
    }
}

/// Reads /proc/PID/net/nf_conntrack; lines that are malformed or of other protocols are skipped.
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn parse_conntrack(text: &str) -> impl Iterator<Item = NatEntry> {
    text.lines().filter_map(parse_conntrack_line)
}

/// `ipv4 2 tcp 6 [SECONDS] [STATE] src= dst= sport= dport= [packets= bytes=] [UNREPLIED] src= dst= …`
pub(super) fn parse_conntrack_line(line: &str) -> Option<NatEntry> {
    let protocol = match line.split_ascii_whitespace().nth(3)?.parse().ok()? {
        protocol @ (TCP | UDP) => protocol,
        _ => return None,
    };
    let mut fields = line.split_ascii_whitespace().filter_map(|word| word.split_once('='));
    let original = tuple(protocol, &mut fields)?;
    let reply = tuple(protocol, &mut fields)?;
    Some(NatEntry { protocol, original, reply })
}

/// The next four addresses and ports. The kernel writes them in this order (`print_tuple`).
fn tuple<'a>(protocol: u8, fields: &mut impl Iterator<Item = (&'a str, &'a str)>) -> Option<Flow> {
    let mut next = |wanted: &str| fields.find(|(key, _)| *key == wanted).map(|(_, value)| value);
    let src: IpAddr = next("src")?.parse().ok()?;
    let dst: IpAddr = next("dst")?.parse().ok()?;
    let sport = next("sport")?.parse().ok()?;
    let dport = next("dport")?.parse().ok()?;
    Some(Flow { protocol, src: SocketAddr::new(src, sport), dst: SocketAddr::new(dst, dport) })
}
