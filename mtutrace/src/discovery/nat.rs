//! The thread that asks the kernel what NAT has made of flows, so that no event waits for a table to be read.
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use tokio::sync::mpsc;

use crate::identity::conntrack::inner_flows_of;
use crate::model::{Flow, NatQuery, NetnsId, Node};
use crate::topology::ctnetlink;
use crate::topology::netns_exec::NetnsExecutor;

/// Most queries that are answered in one visit to a namespace.
const VISIT: usize = 64;
/// The table as text, of the namespace that the thread is in.
const TABLE: &str = "/proc/thread-self/net/nf_conntrack";

/// An answer; absent when the namespace does not track the flow, or cannot be asked.
pub(crate) type Answer = (NatQuery, Option<Flow>);

/// The ends of its channels.
pub(crate) struct NatTables {
    queries: Sender<(NatQuery, PathBuf)>,
    /// What it found out: one answer to each query.
    pub(crate) answers: mpsc::UnboundedReceiver<Answer>,
    unanswerable: mpsc::UnboundedSender<Answer>,
}

impl NatTables {
    /// Starts the thread.
    ///
    /// # Errors
    /// When no thread can be made.
    pub(crate) fn start() -> io::Result<NatTables> {
        let (queries, query_receiver) = channel();
        let (unanswerable, answers) = mpsc::unbounded_channel();
        let (executor, sender) = (NetnsExecutor::new()?, unanswerable.clone());
        thread::Builder::new()
            .name("nat".into())
            .spawn(move || serve(&executor, &query_receiver, &sender))?;
        Ok(NatTables { queries, answers, unanswerable })
    }

    /// Asks; the answers come in time.
    pub(crate) fn ask(&self, queries: Vec<NatQuery>, node: &Node) {
        for query in queries {
            let way = way_into(query.netns, node);
            if way.is_none_or(|way| self.queries.send((query, way)).is_err()) {
                let _ = self.unanswerable.send((query, None));
            }
        }
    }
}

fn way_into(id: NetnsId, node: &Node) -> Option<PathBuf> {
    let netns = node.netns.get(&id)?;
    let by_process = netns.pid.map(|pid| format!("/proc/{pid}/ns/net").into());
    by_process.or_else(|| Some(Path::new("/run/netns").join(netns.name.as_ref()?)))
}

fn serve(
    executor: &NetnsExecutor,
    queries: &Receiver<(NatQuery, PathBuf)>,
    answers: &mpsc::UnboundedSender<Answer>,
) {
    while let Ok(first) = queries.recv() {
        let mut visits: BTreeMap<(NetnsId, PathBuf), Vec<Flow>> = BTreeMap::new();
        for (query, way) in std::iter::once(first).chain(queries.try_iter().take(VISIT)) {
            visits.entry((query.netns, way)).or_default().push(query.flow);
        }
        for ((netns, way), flows) in visits {
            let asked = flows.clone();
            let inner = executor.run(&way, netns, move || inner_flows(&asked)).unwrap_or_else(|e| {
                tracing::debug!("connections of netns {netns}: {e}");
                Vec::new()
            });
            let inner = inner.into_iter().chain(std::iter::repeat(None));
            for (flow, inner) in flows.into_iter().zip(inner) {
                let _ = answers.send((NatQuery { netns, flow }, inner));
            }
        }
    }
}

/// Of the calling thread's namespace, by the kernel's own search, else by its table as text.
fn inner_flows(flows: &[Flow]) -> Vec<Option<Flow>> {
    ctnetlink::inner_flows(flows).unwrap_or_else(|e| {
        tracing::debug!("a kernel without ctnetlink: {e}");
        File::open(TABLE).map_or_else(
            |_| Vec::new(),
            |table| inner_flows_of(flows, BufReader::with_capacity(64 * 1024, table)),
        )
    })
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;
    use std::process::Command;

    use super::*;
    use crate::testing::node::{Sandbox, may_make_namespaces};

    const UDP: u8 = 17;

    fn udp(src: &str, dst: &str) -> Flow {
        Flow { protocol: UDP, src: src.parse().unwrap(), dst: dst.parse().unwrap() }
    }

    /// Sends a datagram through a namespace's masquerading.
    fn connect(sandbox: &Sandbox, executor: &NetnsExecutor) -> bool {
        let rule = "add rule ip t c oifname lo udp dport 9 snat to 127.0.0.9:5000";
        let chain = "add chain ip t c { type nat hook postrouting priority 100; }";
        let script = format!("add table ip t\n{chain}\n{rule}\n");
        let path = std::env::temp_dir().join(format!("{}.nft", sandbox.name));
        std::fs::write(&path, script).unwrap();
        let mut nft = Command::new("ip");
        nft.args(["netns", "exec", &sandbox.name, "nft", "-f"]).arg(&path);
        let loaded = nft.status().is_ok_and(|status| status.success());
        std::fs::remove_file(&path).unwrap();
        if !loaded {
            eprintln!("skipped: no nft, or no NAT in this kernel");
            return false;
        }
        sandbox.ip("link set lo up");
        let send = || {
            let socket = UdpSocket::bind("127.0.0.1:4000").unwrap();
            socket.send_to(b"x", "127.0.0.1:9").unwrap();
        };
        executor.run(&sandbox.path(), sandbox.id(), send).unwrap();
        true
    }

    #[test]
    fn both_ways_to_ask_find_what_was_before_nat() {
        if !may_make_namespaces() {
            return;
        }
        let (sandbox, executor) = (Sandbox::new(), NetnsExecutor::new().unwrap());
        if !connect(&sandbox, &executor) {
            return;
        }
        let outer = udp("127.0.0.9:5000", "127.0.0.1:9");
        let flows = [outer, outer.reversed(), udp("127.0.0.9:5001", "127.0.0.1:9")];
        let inner = udp("127.0.0.1:4000", "127.0.0.1:9");
        let expected = vec![Some(inner), Some(inner.reversed()), None];
        let asked = move || {
            let table = File::open(TABLE).ok().map(|table| inner_flows_of(&flows, BufReader::new(table)));
            (ctnetlink::inner_flows(&flows).ok(), table)
        };
        let (asked, read) = executor.run(&sandbox.path(), sandbox.id(), asked).unwrap();
        assert!(asked.is_some() || read.is_some(), "one of them must work");
        assert!([asked, read].into_iter().flatten().all(|answer| answer == expected));
    }

    #[tokio::test]
    async fn every_query_gets_an_answer() {
        let mut tables = NatTables::start().unwrap();
        let flow = udp("10.0.0.1:1", "10.0.0.2:2");
        let node = crate::testing::node::incident().0;
        let queries: Vec<_> = [1, 99].map(|netns| NatQuery { netns: NetnsId(netns), flow }).into();
        tables.ask(queries.clone(), &node);
        for query in queries {
            assert_eq!(tables.answers.recv().await, Some((query, None)));
        }
    }
}
