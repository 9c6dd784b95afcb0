//! The sockets of runtimes: where they are, on the host and inside of containers, and the way to them.
use std::collections::BTreeSet;
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{FileType, Mode, OFlags, ResolveFlags, fstat, open, openat, openat2};
use tokio::net::UnixStream;

use super::bounded::{BoundedStream, HOST_BYTES, INSIDE_BYTES};
use crate::container_fs::{self, Refusal, Wanted};
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
    /// What this process of this container sees, which runs in these others.
    Inside { id: String, around: Vec<String>, pid: u32 },
}

impl SocketRoot {
    /// The container whose daemons these are.
    pub(super) fn owner(&self) -> Option<&str> {
        match self {
            SocketRoot::Host(_) => None,
            SocketRoot::Inside { id, .. } => Some(id),
        }
    }

    /// The sockets that are there. Those of containers are found by a helper, which has a second for each.
    pub(super) fn sockets(&self) -> Found {
        match self {
            SocketRoot::Host(root) => {
                let directory = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
                let root = open(root, directory, Mode::empty());
                Found { sockets: root.map(|root| within(&root)).unwrap_or_default(), refusal: None }
            }
            SocketRoot::Inside { id, around, pid } => {
                process(id, around, *pid).map(|process| inside(&process)).unwrap_or_default()
            }
        }
    }
}

/// What was found in a root.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) sockets: Vec<Socket>,
    /// Why one was not looked for.
    pub(super) refusal: Option<Refusal>,
}

/// The directory in /proc of a process, if it is one of this container, and not one inside of another that claims to be.
fn process(id: &str, around: &[String], pid: u32) -> io::Result<OwnedFd> {
    let process = container_fs::process(pid)?;
    let mut text = Vec::new();
    let file = openat(&process, "cgroup", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    std::fs::File::from(file).read_to_end(&mut text)?;
    let chain = cgroup::parse(&text).map(|known| known.chain).unwrap_or_default();
    match chain.split_first() {
        Some((own, outer)) if own.id == id && outer.iter().all(|outer| around.contains(&outer.id)) => {
            Ok(process)
        }
        _ => Err(io::Error::other("another process")),
    }
}

/// The sockets in the root directory of a process, each once, and connected.
fn inside(process: &OwnedFd) -> Found {
    let (mut met, mut found) = (BTreeSet::new(), Found::default());
    for (path, api, runtime) in SOCKETS {
        match container_fs::open(process.as_fd(), Path::new(path), Wanted::Connection) {
            Ok(opened) if met.insert(opened.key) => {
                let way = Way::Connected(Mutex::new(Some(opened.fd)));
                found.sockets.push(Socket { path, api, runtime, key: opened.key, way });
            }
            Ok(_) | Err(Refusal::Io(_)) => {}
            Err(refusal @ Refusal::FileSystem(_)) => found.refusal = Some(refusal),
            // The others would take as long.
            Err(refusal) => {
                found.refusal = Some(refusal);
                break;
            }
        }
    }
    found
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
        (is_socket && met.insert(key)).then_some(Socket { path, api, runtime, key, way: Way::File(fd) })
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
    way: Way,
}

/// The way to a daemon.
#[derive(Debug)]
enum Way {
    /// The file, not a connection (O_PATH).
    File(OwnedFd),
    /// The only connection that there will be.
    Connected(Mutex<Option<OwnedFd>>),
}

impl Socket {
    /// Connects to the file that was found, wherever its path leads by now.
    pub(super) async fn connect(&self) -> io::Result<BoundedStream> {
        match &self.way {
            Way::File(file) => {
                let stream = UnixStream::connect(format!("/proc/self/fd/{}", file.as_raw_fd())).await?;
                Ok(BoundedStream::new(stream, HOST_BYTES))
            }
            Way::Connected(connection) => {
                let taken = connection.lock().unwrap_or_else(PoisonError::into_inner).take();
                let connection = taken.ok_or(io::Error::from(io::ErrorKind::NotConnected))?;
                Ok(BoundedStream::new(UnixStream::from_std(connection.into())?, INSIDE_BYTES))
            }
        }
    }
}

#[cfg(test)]
mod tests;
