//! What is read of one process. Processes that die meanwhile are normal: then there is nothing to read.
use std::path::PathBuf;
use std::{fs, io};

use crate::identity::cgroup::{self, CgroupIdentity};
use crate::identity::lineage::Ancestor;
use crate::model::NetnsId;

/// Deeper process trees than this are cut; it also ends loops made by pids that are reused during the walk.
const MAX_ANCESTORS: usize = 64;

/// Of /proc/PID/stat (proc_pid_stat(5)).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) comm: String,
    pub(super) ppid: u32,
    /// Clock ticks since boot; tells apart the processes that share a pid one after the other.
    pub(super) start: u64,
}

/// A process may call itself anything, parentheses and spaces included: the last parenthesis is the kernel's.
pub(super) fn parse_stat(text: &[u8]) -> Option<Stat> {
    let open = text.iter().position(|&byte| byte == b'(')?;
    let close = text.iter().rposition(|&byte| byte == b')')?;
    let comm = String::from_utf8_lossy(text.get(open + 1..close)?).into_owned();
    // From field 3 on: state, ppid, …; the start time is field 22.
    let mut fields = std::str::from_utf8(text.get(close + 1..)?).ok()?.split_ascii_whitespace().skip(1);
    let ppid = fields.next()?.parse().ok()?;
    let start = fields.nth(17)?.parse().ok()?;
    Some(Stat { comm, ppid, start })
}

/// A mounted /proc.
#[derive(Debug)]
pub(super) struct Proc {
    pub(super) root: PathBuf,
}

impl Proc {
    pub(super) fn path(&self, pid: u32, name: &str) -> PathBuf {
        self.root.join(pid.to_string()).join(name)
    }

    /// The process's network namespace; `None` if there is no such process (any more).
    pub(super) fn netns(&self, pid: u32) -> io::Result<Option<NetnsId>> {
        match fs::read_link(self.path(pid, "ns/net")) {
            Ok(link) => Ok(link.to_str().and_then(parse_ns_link)),
            Err(error) if is_gone(&error) => Ok(None),
            // The kernel says EACCES of a process that died after the lookup, too (proc_ns_readlink).
            Err(_) if !self.root.join(pid.to_string()).exists() => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn stat(&self, pid: u32) -> Option<Stat> {
        parse_stat(&fs::read(self.path(pid, "stat")).ok()?)
    }

    pub(super) fn cgroup(&self, pid: u32) -> Option<CgroupIdentity> {
        cgroup::parse(&fs::read(self.path(pid, "cgroup")).ok()?)
    }

    /// The parent, its parent, and so on; read while it is walked.
    pub(super) fn ancestors(&self, pid: u32) -> impl Iterator<Item = Ancestor> {
        let read = |pid: u32| (pid != 0).then(|| self.stat(pid).map(|stat| (pid, stat))).flatten();
        let first = self.stat(pid).and_then(|stat| read(stat.ppid));
        std::iter::successors(first, move |(_, stat)| read(stat.ppid)).take(MAX_ANCESTORS).map(
            |(pid, stat)| {
                let moby = stat.comm.starts_with("containerd-shim") && self.serves_moby(pid);
                let chain = self.cgroup(pid).map(|identity| identity.chain).unwrap_or_default();
                Ancestor { comm: stat.comm, moby, chain }
            },
        )
    }

    /// Whether a shim runs with `-namespace moby`, containerd's namespace for Docker.
    fn serves_moby(&self, pid: u32) -> bool {
        let line = fs::read(self.path(pid, "cmdline")).unwrap_or_default();
        let mut words = line.split(|&byte| byte == 0);
        words.any(|word| matches!(word, b"-namespace" | b"--namespace")) && words.next() == Some(b"moby")
    }
}

/// `net:[4026531840]` (fs/nsfs.c, `ns_get_name`).
fn parse_ns_link(link: &str) -> Option<NetnsId> {
    link.strip_prefix("net:[")?.strip_suffix(']')?.parse().ok().map(NetnsId)
}

/// Takes a text for each of the files in turn (tests/fuzz).
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn read_any(text: &[u8]) {
    parse_stat(text);
    parse_ns_link(&String::from_utf8_lossy(text));
}

fn is_gone(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound || error.raw_os_error() == Some(libc::ESRCH)
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;

    const REST: &str = "10032 10032 4995 0 -1 4194304 101 0 0 0 0 0 0 0 20 0 1 0 130629 3133440 416";

    #[test_case("cat"; "plain")]
    #[test_case("a b"; "space")]
    #[test_case(") R 1 (x"; "parentheses")]
    #[test_case(""; "empty")]
    fn stat(comm: &str) {
        let expected = Stat { comm: comm.into(), ppid: 10032, start: 130629 };
        assert_eq!(parse_stat(format!("10040 ({comm}) R {REST}\n").as_bytes()), Some(expected));
    }

    #[test_case(b""; "empty")]
    #[test_case(b"1 (x"; "open")]
    #[test_case(b")1("; "reversed")]
    #[test_case(b"1 (x) R 1 2 3"; "short")]
    #[test_case(b"1 (x) R -1 2 3 \xff"; "noise")]
    fn malformed_stat(text: &[u8]) {
        assert_eq!(parse_stat(text), None);
    }

    #[test_case("net:[4026531840]" => Some(NetnsId(4026531840)); "well formed")]
    #[test_case("mnt:[4026531840]" => None; "another kind")]
    #[test_case("net:[4026531840" => None; "cut")]
    #[test_case("net:[99999999999]" => None; "too large")]
    fn ns_link(link: &str) -> Option<NetnsId> {
        parse_ns_link(link)
    }
}
