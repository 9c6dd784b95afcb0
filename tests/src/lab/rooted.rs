//! A container with a root directory of its own, and another one nested in it, about which somebody may ask its daemons.

use std::ffi::CString;
use std::io::{Error, Result as IoResult};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::ptr::null;

use anyhow::{Context, Result};

use super::cgroup::{Cgroup, random_id};
use super::container::Container;
use super::fuse::DeafFuse;
use super::name;
use super::netns::NetNs;
use super::place::Place;
use super::process::Process;

/// What a program needs of the host.
const SHARED: [&str; 4] = ["bin", "lib", "lib64", "usr"];

/// Both containers. Fields are dropped in this order.
#[derive(Debug)]
pub struct Rooted {
    /// The one that runs in it.
    pub inner: Container,
    holder: Process,
    _cgroup: Cgroup,
    /// Its network namespace.
    pub netns: NetNs,
    /// Its id.
    pub id: String,
    root: PathBuf,
}

impl Rooted {
    /// Starts it with a tmpfs as its root and, if there is a server, its file system on /run.
    pub fn start(run: Option<&DeafFuse>) -> Result<Self> {
        Self::start_with(run.map(|fuse| (fuse, false)), random_id()?)
    }

    /// The same, with an overlay upon the server's file system on /run.
    pub fn overlaid(run: &DeafFuse) -> Result<Self> {
        Self::start_with(Some((run, true)), random_id()?)
    }

    /// The same, with a cgroup for the inner one that claims this id.
    pub fn claiming(id: &str) -> Result<Self> {
        Self::start_with(None, id.to_owned())
    }

    fn start_with(run: Option<(&DeafFuse, bool)>, inner_id: String) -> Result<Self> {
        let prefix = name::prefix();
        let netns = NetNs::create(&format!("{prefix}-outer"))?;
        let id = random_id()?;
        let path = format!("docker/{id}");
        let cgroup = Cgroup::create(&path)?;
        let root = std::env::temp_dir().join(format!("{prefix}-root"));
        std::fs::create_dir(&root)?;
        let plan = Plan::of(&root, run)?;
        let mut sleep = Place::container(&netns, &cgroup).command("sleep")?;
        sleep.arg("infinity").stdin(Stdio::null()).stdout(Stdio::null());
        // SAFETY: between fork and exec the closure only makes system calls, with strings that were made before.
        unsafe { sleep.pre_exec(move || plan.enter()) };
        let holder = Process::spawn(&mut sleep)?;
        let inner = NetNs::create(&format!("{prefix}-inner"))?;
        let inner = Container::start(inner, &format!("{path}/docker/{inner_id}"), inner_id, String::new())?;
        Ok(Self { inner, holder, _cgroup: cgroup, netns, id, root })
    }

    /// A path in its root, as the host can reach it.
    pub fn path(&self, below: &str) -> PathBuf {
        PathBuf::from(format!("/proc/{}/root/{below}", self.holder.pid()))
    }
}

impl Drop for Rooted {
    fn drop(&mut self) {
        let _ended = self.holder.kill();
        let _only_the_mount_point = std::fs::remove_dir(&self.root);
    }
}

/// The system calls that make the root, with all that they need.
struct Plan {
    root: CString,
    shared: Vec<(CString, CString)>,
    run: CString,
    fuse: Option<CString>,
    /// Where the server's file system lies, an empty directory, and the options of the overlay upon both.
    overlay: Option<[CString; 3]>,
}

impl Plan {
    fn of(root: &Path, run: Option<(&DeafFuse, bool)>) -> Result<Self> {
        let c = |path: &Path| CString::new(path.as_os_str().as_bytes()).context("a path has no NUL");
        let host = SHARED.iter().map(|name| Path::new("/").join(name)).filter(|path| path.exists());
        let shared = host
            .map(|path| Ok((c(&path)?, c(&root.join(path.strip_prefix("/")?))?)))
            .collect::<Result<_>>()?;
        let fuse = run.map(|(fuse, _)| {
            CString::new(format!("fd={},rootmode=40000,user_id=0,group_id=0", fuse.fd())).context("no NUL")
        });
        let overlay = run.filter(|(_, overlaid)| *overlaid).map(|_| {
            let [lower, other] = ["lower", "other"].map(|name| root.join(name));
            let options = format!("lowerdir={}:{}", lower.display(), other.display());
            Ok::<_, anyhow::Error>([c(&lower)?, c(&other)?, CString::new(options)?])
        });
        let (fuse, overlay) = (fuse.transpose()?, overlay.transpose()?);
        Ok(Self { root: c(root)?, shared, run: c(&root.join("run"))?, fuse, overlay })
    }

    fn enter(&self) -> IoResult<()> {
        let (none, tmpfs, fuse) = (c"none".as_ptr(), c"tmpfs".as_ptr(), c"fuse".as_ptr());
        // SAFETY: plain system calls; all pointers are to strings that live as long as `self`, or to none.
        unsafe {
            check(libc::unshare(libc::CLONE_NEWNS))?;
            check(libc::mount(none, c"/".as_ptr(), null(), libc::MS_REC | libc::MS_PRIVATE, null()))?;
            check(libc::mount(none, self.root.as_ptr(), tmpfs, 0, null()))?;
            for (from, to) in &self.shared {
                check(libc::mkdir(to.as_ptr(), 0o755))?;
                check(libc::mount(from.as_ptr(), to.as_ptr(), null(), libc::MS_BIND | libc::MS_REC, null()))?;
            }
            check(libc::mkdir(self.run.as_ptr(), 0o755))?;
            let mut below = &self.run;
            if let Some([lower, other, _]) = &self.overlay {
                check(libc::mkdir(lower.as_ptr(), 0o755))?;
                check(libc::mkdir(other.as_ptr(), 0o755))?;
                below = lower;
            }
            if let Some(options) = &self.fuse {
                check(libc::mount(none, below.as_ptr(), fuse, 0, options.as_ptr().cast()))?;
            }
            if let Some([_, _, options]) = &self.overlay {
                let overlay = c"overlay".as_ptr();
                check(libc::mount(none, self.run.as_ptr(), overlay, 0, options.as_ptr().cast()))?;
            }
            check(libc::chroot(self.root.as_ptr()))?;
            check(libc::chdir(c"/".as_ptr()))
        }
    }
}

fn check(result: libc::c_int) -> IoResult<()> {
    if result == 0 { Ok(()) } else { Err(Error::last_os_error()) }
}
