//! Which file system a descriptor is on, without asking that file system.
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use rustix::fs::{Mode, OFlags, openat};

use super::opened::Refusal;

/// File systems that the kernel serves by itself, from memory or a local disk. Overlays may lie upon any other, which is
/// what the helper is for. `nsfs`: a namespace.
const LOCAL: [&str; 16] = [
    "tmpfs", "ramfs", "rootfs", "devtmpfs", "overlay", "aufs", "ext2", "ext3", "ext4", "xfs", "btrfs",
    "f2fs", "zfs", "bcachefs", "erofs", "nsfs",
];
/// Most bytes of a table of mounts that are read.
const LONGEST: u64 = 8 << 20;

/// The type of the file system that `file` is on, if it is one that cannot hold us up; `process` is the directory in /proc
/// of a process that sees it mounted.
///
/// The table is read while `file` holds its mount, so the number cannot be another mount's.
pub(super) fn check(process: BorrowedFd<'_>, file: BorrowedFd<'_>) -> Result<String, Refusal> {
    let info = std::fs::read_to_string(format!("/proc/self/fdinfo/{}", file.as_raw_fd()))?;
    let mount = mount_of(&info).ok_or(io::Error::from(io::ErrorKind::InvalidData))?;
    let flags = OFlags::RDONLY | OFlags::CLOEXEC;
    let table = std::fs::File::from(openat(process.as_fd(), "mountinfo", flags, Mode::empty())?);
    let mut text = Vec::new();
    table.take(LONGEST).read_to_end(&mut text)?;
    let kind = kind_of(&text, mount).unwrap_or_else(|| "unknown".to_owned());
    if LOCAL.contains(&kind.as_str()) { Ok(kind) } else { Err(Refusal::FileSystem(kind)) }
}

/// A line `mnt_id:` and a number (proc_pid_fdinfo(5)).
fn mount_of(info: &str) -> Option<u32> {
    info.lines().find_map(|line| line.strip_prefix("mnt_id:")?.trim().parse().ok())
}

/// `36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw` (proc_pid_mountinfo(5)).
fn kind_of(table: &[u8], mount: u32) -> Option<String> {
    let number = mount.to_string();
    let mut lines = table.split(|byte| *byte == b'\n').map(|line| line.split(|byte| *byte == b' '));
    let mut fields = lines.find_map(|mut fields| (fields.next()? == number.as_bytes()).then_some(fields))?;
    let kind = fields.by_ref().skip_while(|field| *field != b"-").nth(1)?;
    Some(String::from_utf8_lossy(kind).into_owned())
}

/// Takes a text for each of the files in turn (tests/fuzz).
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) fn read_any(text: &[u8]) {
    let mount = mount_of(&String::from_utf8_lossy(text)).unwrap_or(36);
    if let Some(kind) = kind_of(text, mount) {
        assert!(!kind.contains([' ', '\n']));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[u8] = b"36 35 98:0 / / rw master:1 - ext4 /dev/root rw\n\
        360 36 0:52 / /run rw - fuse.sshfs x rw\n361 36 0:53 / /a\\040-\\040tmpfs rw - fuse x rw\n37 36\n";

    #[test]
    fn types_by_number() {
        let kind = |mount| kind_of(TABLE, mount);
        assert_eq!(kind(36).as_deref(), Some("ext4"));
        assert_eq!(kind(360).as_deref(), Some("fuse.sshfs"));
        assert_eq!(kind(361).as_deref(), Some("fuse"), "a name cannot look like the end of the fields");
        assert_eq!((kind(37), kind(3)), (None, None));
        assert_eq!(mount_of("pos:\t0\nflags:\t012\nmnt_id:\t23\nino:\t7\n"), Some(23));
    }
}
