//! The inner end of a connection that NAT has renamed, for connections whose SYN was not seen.
//!
//! /proc/PID/net shows the network namespace of that process, so a process in it is all that is needed to look inside.
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::model::Flow;

mod parse;

#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use parse::parse_conntrack;
use parse::parse_conntrack_line;

/// What connections a network namespace has. A namespace is named by the pid of a process in it.
pub(crate) trait Connections {
    /// `outer`, seen outside of the namespace, as it reads inside: before masquerading, or behind a published port.
    /// It points the same way as `outer`. The namespace must track it, with NAT or without.
    fn inner_flow(&self, pid_of_netns: u32, outer: Flow) -> Option<Flow>;
}

/// [`Connections`] by /proc. What cannot be read is taken as not there: this is a hint beside others.
#[derive(Clone, Debug)]
pub(crate) struct ProcConnections {
    /// Usually /proc.
    pub(crate) proc_root: PathBuf,
}

impl ProcConnections {
    fn open(&self, pid: u32, name: &str) -> io::Result<BufReader<File>> {
        let path = self.proc_root.join(pid.to_string()).join("net").join(name);
        Ok(BufReader::with_capacity(64 * 1024, File::open(path)?))
    }
}

impl Connections for ProcConnections {
    fn inner_flow(&self, pid_of_netns: u32, outer: Flow) -> Option<Flow> {
        let outer = canonical(outer);
        let mut published = None;
        // Line by line: the table of a busy node takes tens of megabytes.
        for line in self.open(pid_of_netns, "nf_conntrack").ok()?.lines().map_while(Result::ok) {
            let Some(entry) = parse_conntrack_line(&line) else { continue };
            if let Some(inner) = entry.before_source_nat(outer) {
                return Some(inner);
            }
            published = published.or_else(|| entry.behind_published_port(outer));
        }
        published
    }
}

/// Comparable with what the kernel's files tell: no v4-mapped addresses, scopes or flow labels.
fn canonical(flow: Flow) -> Flow {
    let plain = |end: SocketAddr| SocketAddr::new(end.ip().to_canonical(), end.port());
    Flow { protocol: flow.protocol, src: plain(flow.src), dst: plain(flow.dst) }
}

#[cfg(test)]
mod tests;
