//! Resource limits.

/// Lets this process have as many files open as it ever may: each network namespace takes one, and the usual limit
/// of 1,024 is there for programs that use select(2). Where the kernel refuses, the usual one must do.
pub(super) fn raise_open_files() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the pointer is that of a live local.
    if unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) } != 0 {
        return;
    }
    limit.rlim_cur = limit.rlim_max;
    // SAFETY: as above; raising the soft limit to the hard one needs no privilege (setrlimit(2)).
    if unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) } != 0 {
        tracing::debug!("cannot raise the limit of open files: {}", std::io::Error::last_os_error());
    }
}
