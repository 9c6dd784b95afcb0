//! Network namespaces that nothing but a mount holds: Docker keeps those of swarm's overlays below /run/docker/netns,
//! perhaps in a mount namespace of its own.
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Seek};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::mount_namespaces::MountNamespaces;
use super::process::Proc;
use crate::container_fs::{self, Wanted};
use crate::model::NetnsId;

/// Most bytes of a table of mounts that are read.
const LONGEST: u64 = 8 << 20;
/// Most namespaces that are taken from one table.
const MOST: usize = 1024;
/// Most namespaces that are taken from the table of one that is neither the host's nor our own.
const MOST_OF_OTHERS: usize = 64;
/// Those that are not looked at after so much time wait for the next scan that looks.
const SLICE: Duration = Duration::from_millis(100);
/// Those are looked at again after so long: an open table, which tells of changes, would keep them alive.
const EVERY: Duration = Duration::from_secs(5);
/// The same where there are so many mounts that looking takes long: it may cost 0.1 % of a CPU.
const SELDOM: Duration = Duration::from_secs(30);
const SHARE: u32 = 1000;

/// A namespace that is mounted somewhere: the path by which it can be opened, and the one to show.
type Held = BTreeMap<NetnsId, (PathBuf, PathBuf)>;

/// The tables of mounts, read again when they have changed.
#[derive(Debug, Default)]
pub(super) struct Mounts {
    ours: BTreeMap<&'static str, Table>,
    namespaces: MountNamespaces,
    /// What is mounted in each of them.
    others: BTreeMap<u64, Held>,
    /// When all of those are looked at again.
    due: Option<Instant>,
}

/// An open table, and what it said.
#[derive(Debug)]
struct Table {
    file: File,
    held: Held,
}

impl Mounts {
    /// The namespaces that are mounted anywhere; `pids` are all processes there are `now`.
    pub(super) fn scan(&mut self, proc: &Proc, pids: impl Iterator<Item = u32>, now: Instant) -> Held {
        let mut all = Held::new();
        for process in ["self", "1"] {
            if let Some(held) = self.table(proc, process) {
                all.extend(held.clone());
            }
        }
        self.look_at_others(proc, pids, now, &all);
        for (namespace, _) in self.namespaces.ways() {
            for (id, paths) in self.others.get(&namespace).into_iter().flatten() {
                all.entry(*id).or_insert_with(|| paths.clone());
            }
        }
        all
    }

    fn table(&mut self, proc: &Proc, process: &'static str) -> Option<&Held> {
        let changed = self.ours.get(process).is_none_or(|table| has_changed(&table.file));
        if changed {
            let file = File::open(proc.root.join(process).join("mountinfo")).ok()?;
            let mut table = self.ours.remove(process).unwrap_or(Table { file, held: Held::new() });
            let root = proc.root.join(process).join("root");
            table.file.rewind().ok()?;
            let reachable = |id: NetnsId, below: &Path| {
                // Another mount may lie on top of it.
                fs::metadata(root.join(below)).is_ok_and(|status| status.ino() == u64::from(id.0))
            };
            table.held = read(&mut table.file, (&root, Path::new("/")), MOST, reachable);
            self.ours.insert(process, table);
        }
        self.ours.get(process).map(|table| &table.held)
    }

    /// What is mounted in `ours`, too, is looked for there: a mount namespace begins as a copy of another.
    fn look_at_others(&mut self, proc: &Proc, pids: impl Iterator<Item = u32>, now: Instant, ours: &Held) {
        let mnt = |pid: u32| fs::metadata(proc.path(pid, "ns/mnt")).ok().map(|status| status.ino());
        let fresh = self.namespaces.update(pids, &[mnt(1), mnt(std::process::id())], mnt);
        let ways = self.namespaces.ways();
        self.others.retain(|id, _| ways.iter().any(|(known, _)| known == id));
        let all = self.due.is_none_or(|due| now >= due);
        let start = Instant::now();
        let until = start + SLICE;
        let (first, known): (Vec<_>, Vec<_>) = ways.into_iter().partition(|(id, _)| fresh.contains(id));
        for (id, pid) in first.into_iter().chain(known.into_iter().filter(|_| all)) {
            let known = self.others.remove(&id).unwrap_or_default();
            let mut held = of_other(proc, pid, until, ours);
            if Instant::now() >= until {
                // What was not looked at in time is as it was.
                held.extend(
                    known.into_iter().filter(|(_, (path, _))| path.starts_with(proc.path(pid, "root"))),
                );
            }
            self.others.insert(id, held);
        }
        if all {
            self.due = Some(now + (start.elapsed() * SHARE).clamp(EVERY, SELDOM));
        }
    }
}

/// The namespaces that are mounted where another process sees them, by a helper: the file systems there are not ours.
fn of_other(proc: &Proc, pid: u32, until: Instant, ours: &Held) -> Held {
    let root = proc.path(pid, "root");
    let (Ok(mut table), Ok(process)) = (File::open(proc.path(pid, "mountinfo")), container_fs::process(pid))
    else {
        return Held::new();
    };
    let reachable = |id: NetnsId, below: &Path| {
        !ours.contains_key(&id) && Instant::now() < until && is_there(&process, id, below)
    };
    read(&mut table, (&root, &root), MOST_OF_OTHERS, reachable)
}

fn is_there(process: &OwnedFd, id: NetnsId, below: &Path) -> bool {
    match container_fs::open(process.as_fd(), below, Wanted::Namespace) {
        Ok(opened) => opened.key.1 == u64::from(id.0),
        Err(why) => {
            tracing::debug!("netns {id}, mounted in a container, is not looked at: {why}");
            false
        }
    }
}

/// Whether mounts have come or gone since the last read (mounts_poll).
fn has_changed(table: &File) -> bool {
    let now = Timespec { tv_sec: 0, tv_nsec: 0 };
    let mut question = [PollFd::new(table, PollFlags::PRI | PollFlags::ERR)];
    poll(&mut question, Some(&now)).is_ok_and(|ready| ready > 0)
}

/// The namespaces of a table that can be reached below a root directory; the second path stands for that in the one to show.
fn read(
    table: &mut File,
    (root, shown): (&Path, &Path),
    most: usize,
    reachable: impl Fn(NetnsId, &Path) -> bool,
) -> Held {
    let mut text = Vec::new();
    if table.take(LONGEST).read_to_end(&mut text).is_err() {
        return Held::new();
    }
    let mut held = Held::new();
    for (id, place) in text.split(|byte| *byte == b'\n').filter_map(namespace).take(most) {
        let below = place.strip_prefix("/").unwrap_or(&place);
        if !held.contains_key(&id) && reachable(id, below) {
            held.insert(id, (root.join(below), shown.join(below)));
        }
    }
    held
}

/// `36 35 0:4 net:[4026532177] /run/docker/netns/1-abc rw shared:2 - nsfs nsfs rw` (proc_pid_mountinfo(5)).
fn namespace(line: &[u8]) -> Option<(NetnsId, PathBuf)> {
    let mut fields = line.split(|byte| *byte == b' ');
    let root = fields.nth(3)?.strip_prefix(b"net:[")?.strip_suffix(b"]")?;
    let place = fields.next()?;
    let kind = fields.skip_while(|field| *field != b"-").nth(1)?;
    let id = std::str::from_utf8(root).ok()?.parse().ok()?;
    (kind == b"nsfs").then(|| (NetnsId(id), PathBuf::from(std::ffi::OsStr::from_bytes(&unescape(place)))))
}

/// Reads a line of such a table (tests/fuzz).
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn read_any(line: &[u8]) {
    if let Some((_, place)) = namespace(line) {
        assert!(place.as_os_str().len() <= line.len());
    }
}

/// Space, tab, newline and backslash are written as octal numbers (mangle_path).
fn unescape(text: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((byte, after)) = rest.split_first() {
        let digits =
            after.get(..3).filter(|_| *byte == b'\\').and_then(|digits| std::str::from_utf8(digits).ok());
        match digits.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            Some(escaped) => {
                plain.push(escaped);
                rest = after.get(3..).unwrap_or_default();
            }
            None => {
                plain.push(*byte);
                rest = after;
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::identity::TempDir;
    use test_case::test_case;

    #[test_case("36 35 0:4 net:[4026532177] /run/docker/netns/1-a rw shared:2 - nsfs nsfs rw", Some((4026532177, "/run/docker/netns/1-a")))]
    #[test_case(r"36 35 0:4 net:[7] /run/a\040b\134 rw - nsfs nsfs rw", Some((7, r"/run/a b\")); "escaped")]
    #[test_case("36 35 0:4 mnt:[7] /run/a rw - nsfs nsfs rw", None; "another kind")]
    #[test_case("36 35 0:4 net:[7] /run/a rw - tmpfs nsfs rw", None; "a directory of that name")]
    #[test_case("36 35 0:4 net:[7] /run/a rw", None; "cut")]
    #[test_case("36 35 0:4 net:[99999999999] /run/a rw - nsfs nsfs rw", None; "too large")]
    #[test_case("", None; "nothing")]
    fn lines(line: &str, expected: Option<(u32, &str)>) {
        assert_eq!(namespace(line.as_bytes()), expected.map(|(id, path)| (NetnsId(id), PathBuf::from(path))));
    }

    #[test]
    fn what_is_mounted_and_can_be_reached() {
        let tree = TempDir::new();
        tree.file("proc/1/root/run/docker/netns/1-a", "");
        tree.file("proc/1/root/run/covered", "");
        let path = tree.path().join("proc/1/root/run/docker/netns/1-a");
        let inode = u32::try_from(fs::metadata(&path).unwrap().ino()).unwrap();
        tree.file(
            "proc/1/mountinfo",
            format!(
                "36 35 0:4 net:[{inode}] /run/docker/netns/1-a rw - nsfs nsfs rw\n\
                 37 35 0:4 net:[{inode}1] /run/covered rw - nsfs nsfs rw\n"
            ),
        );
        let proc = Proc { root: tree.path().join("proc") };
        let held = Mounts::default().scan(&proc, [1].into_iter(), Instant::now());
        let expected = [(NetnsId(inode), (path, PathBuf::from("/run/docker/netns/1-a")))];
        assert_eq!(held, BTreeMap::from(expected));
    }
}
