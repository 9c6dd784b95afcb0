//! The processes of one namespace, remembered between scans so that few files are read again.
use std::collections::BTreeMap;

use super::process::Proc;
use crate::identity::cgroup::{CgroupIdentity, ContainerRef};
use crate::identity::lineage;
use crate::identity::twins::Twins;
use crate::model::Container;

/// Processes without a container that are read again in each scan.
const MAX_REREADS: usize = 64;

/// What is known of a process.
#[derive(Debug, PartialEq, Eq)]
struct Member {
    start: u64,
    pause: bool,
    identity: Option<CgroupIdentity>,
    /// Two scans agreed: a runtime may move a process to its cgroup some time after it entered the namespace.
    settled: bool,
}

impl Member {
    fn is_same(&self, other: &Member) -> bool {
        self.start == other.start && self.identity == other.identity
    }
}

/// A container and the process that stands for it: its oldest one.
#[derive(Debug)]
struct Resolved {
    start: u64,
    pid: u32,
    settled: bool,
    container: Container,
}

/// The processes of one namespace.
#[derive(Debug, Default)]
pub(super) struct Members {
    members: BTreeMap<u32, Member>,
    resolved: BTreeMap<String, Resolved>,
}

impl Members {
    /// Reads what is new of them; `closely`: whether a process may be another one than it was, or in another container.
    pub(super) fn look_at(&mut self, pids: &[u32], proc: &Proc, closely: impl Fn(u32) -> bool) {
        self.members.retain(|pid, _| pids.binary_search(pid).is_ok());
        // Pids are reused and processes are moved. One that stands for a container is checked; if it changed, nothing that was
        // remembered of the others can be trusted.
        let standing: Vec<u32> = self.resolved.values().map(|resolved| resolved.pid).collect();
        if !standing.into_iter().all(|pid| !closely(pid) || self.is_unchanged(pid, proc)) {
            self.members.clear();
        }
        let mut rereads = MAX_REREADS;
        for &pid in pids {
            match self.members.get(&pid) {
                Some(member) if member.identity.is_none() && member.settled => {
                    if rereads > 0 {
                        rereads -= 1;
                        self.look(pid, proc);
                    }
                }
                Some(member) if member.settled => {}
                _ => self.look(pid, proc),
            }
        }
    }

    /// What their cgroups say, innermost first.
    pub(super) fn chains(&self) -> impl Iterator<Item = &[ContainerRef]> + Clone {
        self.members.values().filter_map(|member| Some(member.identity.as_ref()?.chain.as_slice()))
    }

    /// Has all containers worked out anew: other ids are believed than before.
    pub(super) fn forget_containers(&mut self) {
        self.resolved.clear();
    }

    /// The process that stands for each container.
    pub(super) fn processes(&self) -> impl Iterator<Item = (&str, u32)> {
        self.resolved.iter().map(|(id, resolved)| (id.as_str(), resolved.pid))
    }

    fn is_unchanged(&mut self, pid: u32, proc: &Proc) -> bool {
        match (self.members.get_mut(&pid), read(pid, proc)) {
            (Some(known), Some(now)) if known.is_same(&now) => {
                // A pause container's name is known only after it has executed the program.
                known.pause = now.pause;
                true
            }
            _ => false,
        }
    }

    fn look(&mut self, pid: u32, proc: &Proc) {
        let Some(now) = read(pid, proc) else {
            self.members.remove(&pid);
            return;
        };
        let settled = self.members.get(&pid).is_some_and(|known| known.is_same(&now));
        self.members.insert(pid, Member { settled, ..now });
    }

    /// Their containers, the one to name first: a pause container comes last, else the oldest comes first.
    pub(super) fn containers(&mut self, proc: &Proc, twins: &Twins) -> Vec<Container> {
        let mut oldest: BTreeMap<String, (u64, u32, &Member)> = BTreeMap::new();
        for (&pid, member) in &self.members {
            let Some(identity) = &member.identity else { continue };
            let chain = twins.believed(&identity.chain);
            let Some(id) = chain.first().map(|innermost| innermost.id.as_str()) else { continue };
            match oldest.get_mut(id) {
                Some(entry) if (member.start, pid) < (entry.0, entry.1) => {
                    *entry = (member.start, pid, member)
                }
                Some(_) => {}
                None => drop(oldest.insert(id.to_owned(), (member.start, pid, member))),
            }
        }
        let mut before = std::mem::take(&mut self.resolved);
        let mut order = Vec::new();
        for (id, (start, pid, member)) in oldest {
            let known =
                before.remove(&id).filter(|known| known.settled && (known.start, known.pid) == (start, pid));
            let resolved = known.or_else(|| {
                let chain = twins.believed(&member.identity.as_ref()?.chain).into_owned();
                let ancestors = proc.ancestors(pid).map(|ancestor| lineage::Ancestor {
                    chain: twins.believed(&ancestor.chain).into_owned(),
                    ..ancestor
                });
                let container = lineage::resolve(CgroupIdentity { chain }, ancestors)?;
                Some(Resolved { start, pid, settled: member.settled, container })
            });
            let Some(resolved) = resolved else { continue };
            order.push(((member.pause, start, pid), resolved.container.clone()));
            self.resolved.insert(id, resolved);
        }
        order.sort_by_key(|(key, _)| *key);
        order.into_iter().map(|(_, container)| container).collect()
    }
}

fn read(pid: u32, proc: &Proc) -> Option<Member> {
    let stat = proc.stat(pid)?;
    Some(Member {
        start: stat.start,
        pause: stat.comm == "pause",
        identity: proc.cgroup(pid),
        settled: false,
    })
}
