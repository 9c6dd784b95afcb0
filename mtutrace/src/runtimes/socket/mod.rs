//! The sockets of runtimes: where they are, on the host and inside of containers, and the way to them.
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::PathBuf;

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, Stat, fstat, open, openat, openat2, stat};
use tokio::net::UnixStream;

use super::bounded::BoundedStream;
use crate::identity::cgroup;
use crate::model::Runtime;

/// The language that a daemon speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Api {
    Docker,
    Cri,
}

/// Below the root directory, in the order of belief. `docker.sock` may be a link to podman's.
const SOCKETS: [(&str, Api, Runtime); 10] = [
    ("run/podman/podman.sock", Api::Docker, Runtime::Podman),
    ("run/docker.sock", Api::Docker, Runtime::Docker),
    ("var/run/docker.sock", Api::Docker, Runtime::Docker),
    ("run/containerd/containerd.sock", Api::Cri, Runtime::Containerd),
    ("var/run/containerd/containerd.sock", Api::Cri, Runtime::Containerd),
    // k3s and rke2.
    ("run/k3s/containerd/containerd.sock", Api::Cri, Runtime::Containerd),
    ("run/k0s/containerd.sock", Api::Cri, Runtime::Containerd),
    ("var/snap/microk8s/common/run/containerd.sock", Api::Cri, Runtime::Containerd),
    ("run/crio/crio.sock", Api::Cri, Runtime::CriO),
    ("var/run/crio/crio.sock", Api::Cri, Runtime::CriO),
];

/// Where to look for sockets.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SocketRoot {
    /// What the first process sees, below this directory.
    Host(PathBuf),
    /// What this process of this container sees.
    Inside { id: String, pid: u32 },
}

impl SocketRoot {
    /// The container whose daemons these are.
    pub(super) fn owner(&self) -> Option<&str> {
        match self {
            SocketRoot::Host(_) => None,
            SocketRoot::Inside { id, .. } => Some(id),
        }
    }

    /// The sockets that are there. Touches no file but by its path; a file system may be slow all the same.
    pub(super) fn sockets(&self) -> Vec<Socket> {
        self.root().map(|root| within(&root)).unwrap_or_default()
    }

    fn root(&self) -> io::Result<OwnedFd> {
        let directory = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let (id, pid) = match self {
            SocketRoot::Host(root) => return Ok(open(root, directory, Mode::empty())?),
            SocketRoot::Inside { id, pid } => (id, pid),
        };
        // From here on it is this process, whoever gets its number next.
        let process = open(format!("/proc/{pid}"), directory, Mode::empty())?;
        let mut text = Vec::new();
        let file = openat(&process, "cgroup", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        std::fs::File::from(file).read_to_end(&mut text)?;
        if cgroup::parse(&text).and_then(|known| Some(known.chain.first()?.id == *id)) != Some(true) {
            return Err(io::Error::other("another process"));
        }
        let root = openat(&process, "root", directory, Mode::empty())?;
        let inode = |stat: Stat| (stat.st_dev, stat.st_ino);
        let of_host = ["/", "/proc/1/root"].iter().filter_map(|path| stat(*path).ok());
        let own = inode(fstat(&root)?);
        if of_host.into_iter().any(|host| inode(host) == own) {
            return Err(io::Error::other("the host's own root"));
        }
        Ok(root)
    }
}

/// The host's root directory: that of the first process, for mtutrace may run in a container.
pub(super) fn host_root() -> PathBuf {
    let of_first = PathBuf::from("/proc/1/root");
    // Without the right to it, it can't be entered.
    if of_first.join(".").is_dir() { of_first } else { PathBuf::from("/") }
}

/// The sockets below a root directory, each once. Links and `..` lead nowhere else (openat2(2), RESOLVE_IN_ROOT).
fn within(root: &OwnedFd) -> Vec<Socket> {
    let mut met = BTreeSet::new();
    let found = SOCKETS.iter().filter_map(|&(path, api, runtime)| {
        let flags = OFlags::PATH | OFlags::CLOEXEC;
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS;
        let fd = openat2(root, path, flags, Mode::empty(), resolve).ok()?;
        let stat = fstat(&fd).ok()?;
        let key = (stat.st_dev, stat.st_ino);
        let is_socket = FileType::from_raw_mode(stat.st_mode) == FileType::Socket;
        (is_socket && met.insert(key)).then_some(Socket { path, api, runtime, key, fd })
    });
    found.collect()
}

/// A socket that was found.
#[derive(Debug)]
pub(super) struct Socket {
    /// Below the root that it was found in.
    pub(super) path: &'static str,
    pub(super) api: Api,
    /// Whose it is, by its path.
    pub(super) runtime: Runtime,
    /// Device and inode: a daemon that is started anew has another.
    pub(super) key: (u64, u64),
    /// The file, not a connection (O_PATH).
    fd: OwnedFd,
}

impl Socket {
    /// Connects to the file that was found, wherever its path leads by now.
    pub(super) async fn connect(&self) -> io::Result<BoundedStream> {
        let stream = UnixStream::connect(format!("/proc/self/fd/{}", self.fd.as_raw_fd())).await?;
        Ok(BoundedStream::new(stream))
    }
}

#[cfg(test)]
mod tests;
