//! The processes of the node and their network namespaces. Those that have long been the same are asked again every few seconds: a
//! node may have thousands, and something comes and goes there all the time.
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::os::unix::fs::DirEntryExt;
use std::time::{Duration, Instant};

use super::process::Proc;
use crate::model::NetnsId;

/// One that is known is looked at closely again after so long: it may have gone to another namespace, and one that has ended is in
/// none (`exit_task_namespaces`) while nobody waits for it.
const AGAIN: Duration = Duration::from_secs(4);
/// Those that were found at the same time are not all asked again in the same scan.
const SPREAD: Duration = Duration::from_millis(125);
/// A process is known after so long: whoever starts it has moved it to its namespace and its cgroup by then.
const KNOWN: Duration = Duration::from_secs(8);

/// All processes that the last scan saw.
#[derive(Debug, Default)]
pub(super) struct Processes {
    seen: HashMap<u32, Seen>,
    /// When that was.
    scanned: Option<Instant>,
    unreadable: usize,
}

#[derive(Debug)]
struct Seen {
    /// Of its directory in /proc, which is given up with the process (`proc_flush_pid`); the next one of that number has another.
    inode: u64,
    netns: NetnsId,
    /// When it was first found there.
    since: Instant,
    /// When it was looked at closely last.
    asked: Instant,
}

impl Seen {
    /// Whether that it is there under the same inode is not enough.
    fn is_due(&self, pid: u32, now: Instant) -> bool {
        let known = now.saturating_duration_since(self.since) >= KNOWN;
        !known || now.saturating_duration_since(self.asked) >= AGAIN + SPREAD * (pid % 16)
    }
}

impl Processes {
    /// Finds them; by namespace, in no order. `now` is the time of the scan.
    ///
    /// # Errors
    /// If /proc cannot be listed.
    pub(super) fn scan(&mut self, proc: &Proc, now: Instant) -> io::Result<BTreeMap<NetnsId, Vec<u32>>> {
        let mut before = std::mem::take(&mut self.seen);
        self.unreadable = 0;
        let mut pids: BTreeMap<NetnsId, Vec<u32>> = BTreeMap::new();
        for entry in fs::read_dir(&proc.root)? {
            let entry = entry?;
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let inode = entry.ino();
            let same = before.remove(&pid).filter(|seen| seen.inode == inode);
            let seen = match same {
                Some(seen) if !seen.is_due(pid, now) => seen,
                same => match proc.netns(pid) {
                    Ok(Some(netns)) => {
                        let since = same.filter(|seen| seen.netns == netns).map_or(now, |seen| seen.since);
                        Seen { inode, netns, since, asked: now }
                    }
                    Ok(None) => continue,
                    Err(_) => {
                        self.unreadable += 1;
                        continue;
                    }
                },
            };
            pids.entry(seen.netns).or_default().push(pid);
            self.seen.insert(pid, seen);
        }
        self.scanned = Some(now);
        Ok(pids)
    }

    /// The namespace of one.
    pub(super) fn netns(&self, pid: u32) -> Option<NetnsId> {
        Some(self.seen.get(&pid)?.netns)
    }

    /// Whether it may be in another container than it was, or another process with the same number.
    pub(super) fn is_looked_at_closely(&self, pid: u32) -> bool {
        self.seen.get(&pid).is_none_or(|seen| Some(seen.asked) == self.scanned)
    }

    /// Those whose namespace could not be read in the last scan, for lack of CAP_SYS_PTRACE.
    pub(super) fn unreadable(&self) -> usize {
        self.unreadable
    }
}
