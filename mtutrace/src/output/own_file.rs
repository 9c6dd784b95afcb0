//! Files of our own in folders that others may write to: for their owner alone, and nothing there is followed, written to or
//! replaced that is not ours.
use std::ffi::OsString;
use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

/// Whether it is a plain file of ours, under one name.
pub(crate) fn is_ours(there: &Metadata) -> bool {
    there.is_file() && there.uid() == rustix::process::geteuid().as_raw() && there.nlink() == 1
}

/// A file that was not there before. What is written to it goes to its end.
///
/// # Errors
/// When something is there, or it cannot be made.
pub(crate) fn create(path: &Path) -> io::Result<File> {
    // With O_EXCL a link is not followed either (open(2)).
    let flags = libc::O_NOFOLLOW | libc::O_CLOEXEC | libc::O_APPEND;
    OpenOptions::new().write(true).create_new(true).mode(0o600).custom_flags(flags).open(path)
}

/// A file in the place of what is there, with what `fill` writes to it: whatever has come there meanwhile is replaced, not
/// followed and not written to.
///
/// # Errors
/// When it cannot be made, filled or moved.
pub(crate) fn replace(path: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<File> {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}", std::process::id()));
    let beside = path.with_file_name(name);
    let mut file = create(&beside)?;
    let moved = fill(&mut file).and_then(|()| std::fs::rename(&beside, path));
    moved.inspect_err(|_| drop(std::fs::remove_file(&beside)))?;
    Ok(file)
}
