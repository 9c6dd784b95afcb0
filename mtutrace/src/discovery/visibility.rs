//! Whether the node's processes are seen: the namespaces of containers are found by their processes, and in a pid namespace
//! without those a healthy node and a sick one look the same.
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::process::Proc;
use crate::model::NetnsId;

/// The inode of the initial pid namespace (PROC_PID_INIT_INO, include/linux/proc_ns.h).
const INITIAL: u64 = 0xEFFF_FFFC;
/// What makes containers, by the kernel's name for its processes (15 characters). One of them, and they are seen once they
/// come.
const RUNTIMES: [&str; 12] = [
    "dockerd",
    "containerd",
    "crio",
    "kubelet",
    "podman",
    "conmon",
    "buildkitd",
    "lxd",
    "incusd",
    "lxc-start",
    "systemd-nspawn",
    "nomad",
];

/// What this process sees of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// The inode of its own pid namespace, if that can be told.
    pub(crate) pid_namespace: Option<u64>,
    /// A process in another network namespace than its own.
    pub(crate) elsewhere: bool,
    /// A container runtime's process.
    pub(crate) runtime: bool,
}

/// How much of the node that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Visibility {
    /// The host's processes, as far as this can be told.
    Node,
    /// Those of a pid namespace (its inode) that has containers of its own: a node of kind, a Docker in Docker.
    Part(u64),
    /// None that a container could be known by.
    Blind,
}

impl Seen {
    /// Looks at `proc_root`, usually /proc.
    ///
    /// # Errors
    /// When it cannot be listed.
    pub(crate) fn by(proc_root: &Path) -> io::Result<Seen> {
        let inode = |name: &str| Some(fs::metadata(proc_root.join("self/ns").join(name)).ok()?.ino());
        let pid_namespace = inode("pid");
        let own = inode("net").and_then(|inode| u32::try_from(inode).ok()).map(NetnsId);
        let mut seen = Seen { pid_namespace, ..Seen::default() };
        if seen.visibility() == Visibility::Node {
            return Ok(seen);
        }
        let proc = Proc { root: proc_root.to_owned() };
        for entry in fs::read_dir(proc_root)? {
            let name = entry?.file_name();
            let Some(pid) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
            seen.elsewhere |= matches!(proc.netns(pid), Ok(Some(netns)) if Some(netns) != own);
            seen.runtime |= proc.stat(pid).is_some_and(|stat| RUNTIMES.contains(&stat.comm.as_str()));
            if seen.elsewhere || seen.runtime {
                break;
            }
        }
        Ok(seen)
    }

    /// How much of the node that is.
    pub(crate) fn visibility(self) -> Visibility {
        match self.pid_namespace {
            None | Some(INITIAL) => Visibility::Node,
            Some(inode) if self.elsewhere || self.runtime => Visibility::Part(inode),
            Some(_) => Visibility::Blind,
        }
    }
}

impl Visibility {
    /// The pid namespace that is all that is seen, if it is not the host's.
    pub(crate) fn part(self) -> Option<u64> {
        if let Visibility::Part(inode) = self { Some(inode) } else { None }
    }

    /// How it is, for people.
    pub(crate) fn state(self) -> String {
        match self {
            Visibility::Node => "those of the host".to_owned(),
            Visibility::Part(inode) => format!("only those of pid namespace {inode}"),
            Visibility::Blind => "none but those beside mtutrace: no container can be seen".to_owned(),
        }
    }

    /// What to do to see the whole node; nothing if it is seen.
    pub(crate) fn advice(self) -> Option<&'static str> {
        let advice =
            "start mtutrace with the host's pids: docker run --pid=host, in Kubernetes hostPID: true";
        (self != Visibility::Node).then_some(advice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case(Some(INITIAL), false, false, Visibility::Node; "the host, with nothing on it")]
    #[test_case(None, false, false, Visibility::Node; "it cannot be told")]
    #[test_case(Some(7), false, false, Visibility::Blind; "a container of its own")]
    #[test_case(Some(7), true, false, Visibility::Part(7); "containers inside the outer one")]
    #[test_case(Some(7), false, true, Visibility::Part(7); "a Docker in Docker that runs nothing yet")]
    fn visibilities(pid_namespace: Option<u64>, elsewhere: bool, runtime: bool, expected: Visibility) {
        let seen = Seen { pid_namespace, elsewhere, runtime };
        assert_eq!(seen.visibility(), expected);
        assert_eq!(expected.advice().is_none(), expected == Visibility::Node);
    }

    #[test]
    fn names_as_long_as_the_kernel_keeps_them() {
        assert!(RUNTIMES.iter().all(|name| name.len() <= 15), "{RUNTIMES:?}");
    }

    #[test]
    fn a_proc_without_processes() {
        let seen = Seen::by(Path::new("/nowhere"));
        assert_eq!(seen.ok(), Some(Seen::default()), "what cannot be told is not held against it");
    }
}
