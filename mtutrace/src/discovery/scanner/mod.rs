//! The edge that finds the network namespaces of the node and the containers in them, by /proc, /run/netns and the tables
//! of mounts.
//!
//! - Containers with the host's network share its namespace with everything else there: a namespace can't tell them
//!   apart, so the host's has no containers.
//! - A thread may have a network namespace of its own (/proc/PID/task/TID/ns/net). Only those of processes are found.
//! - A namespace that is held by nothing but an open file is not found.
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::time::Instant;

use super::members::Members;
use super::mounts::Mounts;
use super::process::Proc;
use super::processes::Processes;
use crate::identity::twins::{Twins, twin};
use crate::model::{Container, NetnsId};

/// A network namespace, who is in it, and the way in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NetnsProcs {
    /// Which.
    pub(crate) id: NetnsId,
    /// Name under /run/netns (ip-netns(8)); the first by alphabet if it has several. It comes from outside: escape it.
    pub(crate) name: Option<String>,
    /// Processes in it, ascending; none if only its name keeps it.
    pub(crate) pids: Vec<u32>,
    /// A file by which it can be opened (setns(2)): /proc/PID/ns/net of its first process, else /run/netns/NAME, else
    /// where it is mounted.
    pub(crate) path: PathBuf,
    /// Where it is mounted, if nothing else holds it. It comes from outside: escape it.
    pub(crate) mount: Option<String>,
    /// What its first process runs, if it has no container. It comes from outside: escape it.
    pub(crate) command: Option<String>,
    /// Containers of its processes, the one to name first; empty for the host's.
    pub(crate) containers: Vec<Container>,
}

/// Finds namespaces, again and again, remembering what need not be read twice.
#[derive(Debug)]
pub(crate) struct Scanner {
    proc: Proc,
    run_netns: PathBuf,
    host: NetnsId,
    processes: Processes,
    members: BTreeMap<NetnsId, Members>,
    twins: Twins,
    /// Ids that were claimed by those who do not have them, in the last scan, and whether anybody was told of such.
    claimed: BTreeSet<(String, String)>,
    told: bool,
    mounts: Mounts,
}

impl Scanner {
    /// `proc_root` is usually /proc, `run_netns` /run/netns (which need not exist).
    pub(crate) fn new(proc_root: PathBuf, run_netns: PathBuf) -> Scanner {
        Scanner {
            proc: Proc { root: proc_root },
            run_netns,
            host: NetnsId::default(),
            processes: Processes::default(),
            members: BTreeMap::new(),
            twins: Twins::default(),
            claimed: BTreeSet::new(),
            told: false,
            mounts: Mounts::default(),
        }
    }

    /// The host's namespace at the last scan: that of PID 1 or, where a security policy hides PID 1 even from root, of
    /// kthreadd, which lives in the initial one. 0 before the first scan, or if neither may be read.
    pub(crate) fn host(&self) -> NetnsId {
        self.host
    }

    /// Processes whose namespace could not be read in the last scan, for lack of CAP_SYS_PTRACE.
    pub(crate) fn unreadable(&self) -> usize {
        self.processes.unreadable()
    }

    /// Ids that were claimed in the last scan by containers that do not have them.
    pub(crate) fn claimed(&self) -> usize {
        self.claimed.len()
    }

    /// A process of each container of the last scan, by the container's id.
    pub(crate) fn processes(&self) -> impl Iterator<Item = (&str, u32)> {
        self.members.iter().filter(|(id, _)| **id != self.host).flat_map(|(_, members)| members.processes())
    }

    /// All network namespaces, by inode number. Fails only if /proc cannot be listed.
    pub(crate) fn scan(&mut self) -> io::Result<Vec<NetnsProcs>> {
        self.scan_at(Instant::now())
    }

    fn scan_at(&mut self, now: Instant) -> io::Result<Vec<NetnsProcs>> {
        let mut pids = self.processes.scan(&self.proc, now)?;
        // PID 2 of the initial pid namespace is kthreadd; in others that is any process.
        let kthreadd = || self.processes.netns(2).filter(|_| self.is_kthreadd(2));
        self.host = self.processes.netns(1).or_else(kthreadd).unwrap_or_default();
        let mut names = self.names();
        let mut mounts = self.mounts.scan(&self.proc, pids.values().flatten().copied(), now);
        for id in names.keys().chain(mounts.keys()) {
            pids.entry(*id).or_default();
        }
        pids.values_mut().for_each(|pids| pids.sort_unstable());
        self.identify(&pids);
        let mut found = Vec::with_capacity(pids.len());
        for (id, pids) in pids {
            let (name, named_path) = names.remove(&id).unzip();
            let named = pids.first().map(|&pid| self.proc.path(pid, "ns/net")).or(named_path);
            let (mounted, shown) = mounts.remove(&id).filter(|_| named.is_none()).unzip();
            let Some(path) = named.or(mounted) else { continue };
            let containers = if id == self.host {
                Vec::new()
            } else {
                self.members.entry(id).or_default().containers(&self.proc, &self.twins)
            };
            let nobody = pids.first().filter(|_| containers.is_empty() && id != self.host);
            let command = nobody.and_then(|pid| self.proc.stat(*pid)).map(|stat| stat.comm);
            let mount = shown.map(|path: PathBuf| path.to_string_lossy().into_owned());
            found.push(NetnsProcs { id, name, pids, path, mount, command, containers });
        }
        Ok(found)
    }

    /// Reads what is new of the processes, and whose ids are whose.
    fn identify(&mut self, pids: &BTreeMap<NetnsId, Vec<u32>>) {
        self.members.retain(|id, _| pids.contains_key(id));
        let look = |members: &mut BTreeMap<NetnsId, Members>, id: NetnsId, pids: &[u32]| {
            let closely = |pid| self.processes.is_looked_at_closely(pid);
            members.entry(id).or_default().look_at(pids, &self.proc, closely);
        };
        for (id, pids) in pids.iter().filter(|(id, _)| **id != self.host) {
            look(&mut self.members, *id, pids);
        }
        // A container with the host's network is not named, but it has its id; only who claims one inside can take it.
        let nested = self.members.values().flat_map(Members::chains).any(|chain| chain.len() > 1);
        match pids.get(&self.host).filter(|_| nested) {
            Some(pids) => look(&mut self.members, self.host, pids),
            None => drop(self.members.remove(&self.host)),
        }
        if self.twins.update(self.members.values().flat_map(Members::chains)) {
            self.members.values_mut().for_each(Members::forget_containers);
        }
        self.tell();
    }

    /// Says whose ids are claimed by others: the first time to everybody, for containers could make any number of lines.
    fn tell(&mut self) {
        let now: BTreeSet<(String, String)> =
            self.twins.refused().map(|(id, outer)| (id.to_owned(), outer.to_owned())).collect();
        for (id, outer) in now.difference(&self.claimed) {
            let short = |id: &str| id.get(..12).unwrap_or(id).to_owned();
            let line = format!(
                "container {} runs something under the id of another container, {}: it is shown as {}",
                short(outer),
                short(id),
                short(&twin(id, outer))
            );
            if std::mem::replace(&mut self.told, true) {
                tracing::debug!("{line}; {} such ids now", now.len());
            } else {
                tracing::warn!("{line} (said once; -v tells of each)");
            }
        }
        self.claimed = now;
    }

    fn is_kthreadd(&self, pid: u32) -> bool {
        self.proc.stat(pid).is_some_and(|stat| stat.ppid == 0 && stat.comm == "kthreadd")
    }

    fn names(&self) -> BTreeMap<NetnsId, (String, PathBuf)> {
        let mut names = BTreeMap::new();
        let (Ok(directory), Ok(entries)) = (fs::metadata(&self.run_netns), fs::read_dir(&self.run_netns))
        else {
            return names;
        };
        let mut paths: Vec<PathBuf> = entries.map_while(Result::ok).map(|entry| entry.path()).collect();
        paths.sort_unstable();
        for path in paths {
            let Ok(file) = fs::metadata(&path) else { continue };
            // A plain file is the rest of a name whose namespace was unmounted, or one that is being mounted.
            let inode = u32::try_from(file.ino()).ok().filter(|_| file.dev() != directory.dev());
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            if let (Some(inode), Some(name)) = (inode, name) {
                names.entry(NetnsId(inode)).or_insert((name, path));
            }
        }
        names
    }
}

#[cfg(test)]
mod tests;
