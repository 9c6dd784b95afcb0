//! A process that lets go of many links in our place.
//!
//! The kernel takes 13 ms to detach a classifier (`tcx_link_release` waits for RCU), one after the other, and the exit of
//! the last process that holds a link waits for that. With hundreds of links a run would take seconds to end, killed or
//! not. So another process holds them too, and nothing else, and ends after this one.
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};

use rustix::process::{PidfdFlags, getpid, pidfd_open, setsid};

/// A parent that has not ended after so long, milliseconds, hangs: the links must not outlive what it was asked for.
const LONGEST_MS: libc::c_int = 10_000;
/// So many links are detached before anybody notices.
const FEW: usize = 32;

/// Starts it, if there are enough links to need it.
///
/// # Errors
/// When no process can be made, or /proc cannot be read. Then the end takes longer.
pub(super) fn start() -> io::Result<()> {
    let mut kept = links()?;
    if kept.len() < FEW {
        return Ok(());
    }
    let parent = pidfd_open(getpid(), PidfdFlags::empty())?;
    kept.push(parent.as_raw_fd().unsigned_abs());
    kept.sort_unstable();
    // What comes in the meantime is for the parent alone.
    let before = block_signals();
    // SAFETY: the child only makes system calls, none of which needs a lock or memory that another thread may have been
    // holding or changing.
    let result = match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => hold(&kept, &parent),
        _ => Ok(()),
    };
    restore_signals(&before);
    result
}

/// The descriptors of links.
fn links() -> io::Result<Vec<u32>> {
    let mut links = Vec::new();
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let entry = entry?;
        let target = std::fs::read_link(entry.path()).unwrap_or_default();
        let number = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok());
        links.extend(number.filter(|_| is_link(&target.to_string_lossy())));
    }
    Ok(links)
}

fn is_link(target: &str) -> bool {
    target.strip_prefix("anon_inode:").is_some_and(|name| name.contains("bpf") && name.contains("link"))
}

/// Returns the signals that were blocked before.
fn block_signals() -> libc::sigset_t {
    let (mut all, mut before) = (MaybeUninit::uninit(), MaybeUninit::uninit());
    // SAFETY: both calls fill the set that they are given; they fail for bad arguments alone, of which there are none.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
        before.assume_init()
    }
}

fn restore_signals(before: &libc::sigset_t) {
    // SAFETY: the set was filled by `block_signals`, and the old one is not asked for.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, before, std::ptr::null_mut()) };
}

/// The child: holds the links until all threads of the parent have ended, but not for long, and then ends itself.
fn hold(kept: &[u32], parent: &OwnedFd) -> ! {
    // A Ctrl-C is for the foreground of the terminal; whoever reads our output waits for all who may write to it.
    let _ = setsid();
    close_all_but(kept);
    let mut parent = libc::pollfd { fd: parent.as_raw_fd(), events: libc::POLLIN, revents: 0 };
    // SAFETY: one descriptor, which is open; then the process ends without running anything of it.
    unsafe {
        libc::poll(&raw mut parent, 1, LONGEST_MS);
        libc::_exit(0)
    }
}

fn close_all_but(kept: &[u32]) {
    let mut first = 0;
    for &fd in kept {
        close(first, fd.checked_sub(1));
        first = fd + 1;
    }
    close(first, Some(u32::MAX));
}

fn close(first: u32, last: Option<u32>) {
    if let Some(last) = last.filter(|last| first <= *last) {
        // SAFETY: this process uses none of these descriptors any more.
        unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_among_other_descriptors() {
        assert!(["anon_inode:bpf_link", "anon_inode:[bpf-link]"].into_iter().all(is_link));
        let others = ["anon_inode:bpf-prog", "anon_inode:bpf-map", "/tmp/bpf_link", "pipe:[7]", ""];
        assert!(!others.into_iter().any(is_link));
    }

    #[test]
    fn few_links_need_no_process() {
        start().unwrap();
        let children = std::fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
        assert_eq!(children, "");
    }
}
