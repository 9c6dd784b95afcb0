//! The processes of the node and their network namespaces. Those that have long been the same are asked again in turn: a node may
//! have thousands, and something comes and goes there all the time.
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::os::unix::fs::DirEntryExt;

use super::process::Proc;
use crate::model::NetnsId;

/// So many of those that are known are looked at closely in one scan.
pub(super) const CLOSELY: usize = 64;
/// A process is known after so many scans: whoever starts it has moved it to its namespace and its cgroup by then.
const STEADY: u32 = 8;

/// All processes that the last scan saw.
#[derive(Debug, Default)]
pub(super) struct Processes {
    seen: HashMap<u32, Seen>,
    scans: usize,
    unreadable: usize,
}

#[derive(Debug)]
struct Seen {
    /// Of its directory in /proc, which lives no longer than the process does (`proc_pid_make_inode`, `pid_revalidate`).
    inode: u64,
    netns: NetnsId,
    /// Scans that found it where it is.
    scans: u32,
    closely: bool,
}

impl Processes {
    /// Finds them; by namespace, in no order.
    ///
    /// # Errors
    /// If /proc cannot be listed.
    pub(super) fn scan(&mut self, proc: &Proc) -> io::Result<BTreeMap<NetnsId, Vec<u32>>> {
        let mut before = std::mem::take(&mut self.seen);
        self.scans = self.scans.wrapping_add(1);
        self.unreadable = 0;
        let turns = before.len().div_ceil(CLOSELY).max(1);
        let mut pids: BTreeMap<NetnsId, Vec<u32>> = BTreeMap::new();
        for (place, entry) in fs::read_dir(&proc.root)?.enumerate() {
            let entry = entry?;
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let before = before.remove(&pid).filter(|seen| seen.inode == entry.ino());
            let steady = before.as_ref().filter(|seen| seen.scans >= STEADY);
            let closely = steady.is_none() || place % turns == self.scans % turns;
            let netns = match steady {
                Some(seen) if !closely => Ok(Some(seen.netns)),
                _ => proc.netns(pid),
            };
            match netns {
                Ok(Some(netns)) => {
                    pids.entry(netns).or_default().push(pid);
                    let same = before.filter(|seen| seen.netns == netns);
                    let scans = same.map_or(1, |seen| seen.scans.saturating_add(1));
                    self.seen.insert(pid, Seen { inode: entry.ino(), netns, scans, closely });
                }
                Ok(None) => {}
                Err(_) => self.unreadable += 1,
            }
        }
        Ok(pids)
    }

    /// The namespace of one.
    pub(super) fn netns(&self, pid: u32) -> Option<NetnsId> {
        Some(self.seen.get(&pid)?.netns)
    }

    /// Whether it may be in another container than it was, or another process with the same number.
    pub(super) fn is_looked_at_closely(&self, pid: u32) -> bool {
        self.seen.get(&pid).is_none_or(|seen| seen.closely)
    }

    /// Those whose namespace could not be read in the last scan, for lack of CAP_SYS_PTRACE.
    pub(super) fn unreadable(&self) -> usize {
        self.unreadable
    }
}
