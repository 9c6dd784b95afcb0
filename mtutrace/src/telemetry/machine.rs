//! What this machine calls itself (uname(2)). Both come from outside: escape them before they are printed.

/// Its name.
pub(crate) fn host() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Its kernel's release.
pub(crate) fn kernel_release() -> String {
    rustix::system::uname().release().to_string_lossy().into_owned()
}
