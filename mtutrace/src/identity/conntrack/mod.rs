//! The inner end of a connection that NAT has renamed, for connections whose SYN was not seen.
use std::io::BufRead;
use std::net::SocketAddr;

use crate::model::Flow;

mod parse;

pub(crate) use parse::NatEntry;
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use parse::parse_conntrack;
use parse::parse_conntrack_line;

/// `outer`, seen outside of a namespace that has these connections, as it reads inside: before masquerading, or behind a
/// published port. It points the same way as `outer`, which must be [`canonical`].
pub(crate) fn inner_flow(entries: impl IntoIterator<Item = NatEntry>, outer: Flow) -> Option<Flow> {
    let mut published = None;
    for entry in entries {
        if let Some(inner) = entry.before_source_nat(outer) {
            return Some(inner);
        }
        published = published.or_else(|| entry.behind_published_port(outer));
    }
    published
}

/// The same for several flows at once, in their order, by the kernel's table as text.
pub(crate) fn inner_flows_of(outer: &[Flow], table: impl BufRead) -> Vec<Option<Flow>> {
    let outer: Vec<Flow> = outer.iter().copied().map(canonical).collect();
    let mut found: Vec<[Option<NatEntry>; 2]> = vec![[None; 2]; outer.len()];
    // Line by line: the table of a busy node takes tens of megabytes.
    for entry in table.lines().map_while(Result::ok).filter_map(|line| parse_conntrack_line(&line)) {
        for (found, outer) in found.iter_mut().zip(&outer) {
            let [masqueraded, published] = found;
            *masqueraded = masqueraded.or_else(|| entry.before_source_nat(*outer).map(|_| entry));
            *published = published.or_else(|| entry.behind_published_port(*outer).map(|_| entry));
        }
    }
    let inner =
        |(found, outer): ([Option<NatEntry>; 2], Flow)| inner_flow(found.into_iter().flatten(), outer);
    found.into_iter().zip(outer).map(inner).collect()
}

/// Comparable with what the kernel's files tell: no v4-mapped addresses, scopes or flow labels.
pub(crate) fn canonical(flow: Flow) -> Flow {
    let plain = |end: SocketAddr| SocketAddr::new(end.ip().to_canonical(), end.port());
    Flow { protocol: flow.protocol, src: plain(flow.src), dst: plain(flow.dst) }
}

#[cfg(test)]
mod tests;
