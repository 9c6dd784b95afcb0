//! What this process gives up once it has started: whoever makes it do something it should not do gets less. Everything
//! here belongs to the calling thread and to those that it makes later, so it comes before all others.
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, remove_capability_from_bounding_set, set_capabilities,
    set_no_new_privs,
};

use super::capability::Purpose;
use super::seccomp;

/// A path that is used later, and how: as access(2) has it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Later<'a> {
    path: &'a Path,
    mode: libc::c_int,
}

impl<'a> Later<'a> {
    /// It is read.
    pub(crate) fn read(path: &'a Path) -> Later<'a> {
        Later { path, mode: libc::R_OK }
    }

    /// Something is made beside it, or removed.
    pub(crate) fn make(path: &'a Path) -> Later<'a> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        Later { path: folder.unwrap_or(Path::new(".")), mode: libc::W_OK | libc::X_OK }
    }

    /// Whether the capabilities in effect are too few for it (faccessat2(2), 5.8 and later).
    fn is_refused(self) -> bool {
        let Ok(path) = CString::new(self.path.as_os_str().as_bytes()) else { return false };
        // SAFETY: the path ends with a NUL and lives as long as the call, which only reads it.
        let result = unsafe {
            libc::syscall(libc::SYS_faccessat2, libc::AT_FDCWD, path.as_ptr(), self.mode, libc::AT_EACCESS)
        };
        result != 0 && std::io::Error::last_os_error().raw_os_error() == Some(libc::EACCES)
    }
}

/// Keeps the capabilities that `purpose` takes and gives up all others, for good: no program that this one might be made to
/// run gets more (`PR_SET_NO_NEW_PRIVS`), and no other process of the same user may look into its memory. Root may do no
/// more than the owner of the files then; CAP_DAC_OVERRIDE stays where one of `later` needs it.
///
/// What the kernel refuses stays as it is: there is less to be had then.
pub(crate) fn keep_only(purpose: &Purpose, later: &[Later<'_>]) {
    said("PR_SET_NO_NEW_PRIVS", set_no_new_privs(true));
    said("PR_SET_DUMPABLE", set_dumpable_behavior(DumpableBehavior::NotDumpable));
    // Before 5.11 maps count as locked memory; raising the limit takes CAP_SYS_RESOURCE.
    let _ = setrlimit(Resource::Memlock, Rlimit { current: None, maximum: None });
    let Ok(before) = capabilities(None) else { return };
    let mut keep = CapabilitySet::from_bits_retain(purpose.bits()) & before.permitted;
    // What a caller without root has handed down stays inheritable, for a process that this one starts of itself; with the
    // rest the kernel takes it from the ambient set too (capset(2)).
    let inheritable = before.inheritable & keep;
    let only = |effective: CapabilitySet, permitted| CapabilitySets { effective, permitted, inheritable };
    let setpcap = CapabilitySet::SETPCAP & before.permitted;
    said("capset", set_capabilities(None, only(keep | setpcap, before.permitted)));
    if later.iter().any(|one| one.is_refused()) {
        keep |= CapabilitySet::DAC_OVERRIDE & before.permitted;
    }
    if !setpcap.is_empty() {
        // Also those that this library does not know yet: the kernel says which there are.
        for bit in (0..u64::BITS).map(|n| CapabilitySet::from_bits_retain(1 << n)) {
            if !keep.contains(bit) && remove_capability_from_bounding_set(bit).is_err() {
                break;
            }
        }
    }
    said("capset", set_capabilities(None, only(keep, keep)));
}

/// Has the system calls refused that tracing never makes, in every thread.
pub(crate) fn refuse_calls() {
    if let Err(e) = seccomp::refuse_everywhere() {
        tracing::debug!("no seccomp filter of its own: {e}");
    }
}

/// Gives up every capability of the calling thread, which serves others or only writes.
pub(crate) fn keep_none() {
    said("PR_SET_NO_NEW_PRIVS", set_no_new_privs(true));
    let none = CapabilitySet::empty();
    said(
        "capset",
        set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none }),
    );
}

fn said(what: &str, result: rustix::io::Result<()>) {
    if let Err(e) = result {
        tracing::debug!("{what}: {e}");
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::capability::{LOOKING, TRACING};
    use super::*;

    /// Lines of this thread's status.
    fn status() -> BTreeMap<String, String> {
        let text = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let pairs = text.lines().filter_map(|line| line.split_once(":\t"));
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn bits(status: &BTreeMap<String, String>, name: &str) -> u64 {
        u64::from_str_radix(&status[name], 16).unwrap()
    }

    /// Capabilities belong to a thread: the others of this process keep theirs.
    fn in_a_thread<R: Send>(test: impl FnOnce() -> R + Send) -> R {
        std::thread::scope(|scope| scope.spawn(test).join().unwrap())
    }

    #[test]
    fn what_is_not_needed_is_gone() {
        for purpose in [&TRACING, &LOOKING] {
            let (before, after, child) = in_a_thread(|| {
                let before = status();
                keep_only(purpose, &[]);
                let child = std::process::Command::new("cat").arg("/proc/self/status").output().unwrap();
                (before, status(), String::from_utf8(child.stdout).unwrap())
            });
            let of_child = child.lines().find_map(|line| line.strip_prefix("CapPrm:\t")).unwrap();
            let of_child = u64::from_str_radix(of_child, 16).unwrap();
            assert_eq!(of_child & !purpose.bits(), 0, "a process that it starts has no more");
            let had = bits(&before, "CapPrm") & purpose.bits();
            assert_eq!(after["NoNewPrivs"], "1");
            for set in ["CapPrm", "CapEff"] {
                assert_eq!(bits(&after, set), had, "{set}");
            }
            for set in ["CapInh", "CapAmb"] {
                assert_eq!(bits(&after, set), bits(&before, set) & purpose.bits(), "{set}");
            }
            if bits(&before, "CapEff") & CapabilitySet::SETPCAP.bits() != 0 {
                assert_eq!(bits(&after, "CapBnd") & !purpose.bits(), 0);
            }
        }
        let nothing = in_a_thread(|| {
            keep_none();
            status()
        });
        assert_eq!((bits(&nothing, "CapPrm"), bits(&nothing, "CapEff")), (0, 0));
    }

    #[test]
    fn what_a_path_needs_later_stays() {
        let has = CapabilitySet::DAC_OVERRIDE.bits();
        if bits(&status(), "CapEff") & has == 0 || !rustix::process::geteuid().is_root() {
            eprintln!("skipped: only root without others' folders needs CAP_DAC_OVERRIDE");
            return;
        }
        let folder = std::env::temp_dir().join(format!("mtut-later-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        std::os::unix::fs::chown(&folder, Some(65534), Some(65534)).unwrap();
        let kept = |later: &Path| {
            in_a_thread(|| {
                keep_only(&TRACING, &[Later::make(later), Later::read(Path::new("/proc/version"))]);
                bits(&status(), "CapPrm") & has != 0
            })
        };
        assert!(kept(&folder.join("ready")), "root may not write there without it");
        assert!(!kept(&std::env::temp_dir().join("ready")) && !kept(Path::new("ready")));
        std::fs::remove_dir(&folder).unwrap();
    }
}
