//! Cgroups that look like those of container runtimes.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, Result};

use super::{name, wait};

/// Directories that this process made, with the number of guards that stand on each: labs running side by side
/// share `kubepods`, and the last one out removes it.
static MADE: Mutex<Option<HashMap<PathBuf, usize>>> = Mutex::new(None);

/// One cgroup of the lab; removed, with the parents made for it, when dropped.
#[derive(Debug)]
pub struct Cgroup {
    path: String,
    dir: PathBuf,
    /// What this guard stands on, outermost first.
    holds: Vec<PathBuf>,
}

impl Cgroup {
    /// Makes `path`, e.g. `kubepods/besteffort/pod<uid>/<64 hex>`, below a cgroup of this process in the hierarchy that
    /// this machine offers: `kubepods` itself may be the machine's own, or that of another process of tests.
    pub fn create(path: &str) -> Result<Self> {
        Self::below(name::own(), path)
    }

    /// Makes `path` below a cgroup of that name.
    pub(crate) fn below(root: &str, path: &str) -> Result<Self> {
        let path = format!("{root}/{path}");
        let mut cgroup = Self { path: format!("/{path}"), dir: hierarchy(), holds: Vec::new() };
        let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
        let made = made.get_or_insert_default();
        for part in Path::new(&path) {
            cgroup.dir.push(part);
            if let Some(users) = made.get_mut(&cgroup.dir) {
                *users += 1;
            } else {
                match fs::create_dir(&cgroup.dir) {
                    // One that could not be removed in time is still ours.
                    Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                        return Err(error).with_context(|| format!("mkdir {}", cgroup.dir.display()));
                    }
                    _ => made.insert(cgroup.dir.clone(), 1),
                };
            }
            cgroup.holds.push(cgroup.dir.clone());
        }
        Ok(cgroup)
    }

    /// The path as a line of /proc/PID/cgroup shows it.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The directory that stands for it.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The file into which a process writes `0` to move itself here.
    pub(crate) fn door(&self) -> Result<File> {
        let procs = self.dir.join("cgroup.procs");
        OpenOptions::new().write(true).open(&procs).with_context(|| procs.display().to_string())
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        for dir in self.holds.iter().rev() {
            let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(users) = made.as_mut().and_then(|made| made.get_mut(dir)) else { continue };
            *users -= 1;
            if *users > 0 {
                continue;
            }
            made.as_mut().map(|made| made.remove(dir));
            // The lock stays held: another lab must not step on a directory that is about to go.
            if let Err(error) = remove(dir) {
                eprintln!("lab: rmdir {}: {error:#}", dir.display());
            }
        }
    }
}

/// Removes one cgroup; killed processes take a moment to leave it, and until then the kernel says EBUSY.
fn remove(dir: &Path) -> Result<()> {
    let start = std::time::Instant::now();
    loop {
        match fs::remove_dir(dir) {
            Ok(()) => return Ok(()),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
            Err(error) if error.kind() == ErrorKind::ResourceBusy && start.elapsed() < wait::GIVE_UP => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Where cgroups can be made: v2, else the v2 half of a hybrid, else a v1 controller that every kernel has.
fn hierarchy() -> PathBuf {
    let root = Path::new("/sys/fs/cgroup");
    let unified = root.join("unified");
    if root.join("cgroup.controllers").exists() {
        root.to_owned()
    } else if unified.join("cgroup.procs").exists() {
        unified
    } else {
        root.join("pids")
    }
}

/// A container id as runtimes make them: 64 random hex digits.
pub fn random_id() -> Result<String> {
    let mut bytes = [0; 32];
    File::open("/dev/urandom")
        .and_then(|mut random| random.read_exact(&mut bytes))
        .context("/dev/urandom")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A pod uid as Kubernetes makes them.
pub fn random_uid() -> Result<String> {
    let id = random_id()?;
    Ok(format!("{}-{}-4{}-a{}-{}", &id[..8], &id[8..12], &id[13..16], &id[17..20], &id[20..32]))
}
