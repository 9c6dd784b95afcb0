//! Writes the archive that the kernel unpacks as its first root: cpio "newc".

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};

const DIRECTORY: u32 = 0o040_755;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_777;
const CHARACTER: u32 = 0o020_600;

/// An archive in the making; everything belongs to root, whoever builds it. Not compressed: unpacking costs more in
/// emulation than copying.
#[derive(Default)]
pub(crate) struct Archive {
    bytes: Vec<u8>,
    inodes: u32,
    directories: BTreeSet<String>,
    names: BTreeSet<String>,
}

impl Archive {
    /// A directory and its parents.
    pub(crate) fn directory(&mut self, path: &str) {
        let path = path.trim_matches('/');
        if path.is_empty() || !self.directories.insert(path.to_owned()) {
            return;
        }
        self.parents(path);
        self.entry(path, DIRECTORY, (0, 0), &[]);
    }

    /// A file with this content. Of two with the same path the first stays.
    pub(crate) fn file(&mut self, path: &str, mode: u32, content: &[u8]) {
        self.add(path, FILE | mode, (0, 0), content);
    }

    /// A symbolic link.
    pub(crate) fn link(&mut self, path: &str, target: &str) {
        self.add(path, LINK, (0, 0), target.as_bytes());
    }

    /// A character device.
    pub(crate) fn device(&mut self, path: &str, major: u32, minor: u32) {
        self.add(path, CHARACTER, (major, minor), &[]);
    }

    /// A file of this machine, links followed.
    pub(crate) fn copy(&mut self, from: &Path, to: &str) -> Result<()> {
        let content = std::fs::read(from).with_context(|| from.display().to_string())?;
        let mode = std::fs::metadata(from)?.permissions().mode() & 0o777;
        self.file(to, mode, &content);
        Ok(())
    }

    /// The whole archive.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.entry("TRAILER!!!", 0, (0, 0), &[]);
        self.bytes
    }

    fn add(&mut self, path: &str, mode: u32, device: (u32, u32), content: &[u8]) {
        let path = path.trim_matches('/');
        if self.names.insert(path.to_owned()) {
            self.parents(path);
            self.entry(path, mode, device, content);
        }
    }

    fn parents(&mut self, path: &str) {
        if let Some((parent, _)) = path.rsplit_once('/') {
            self.directory(parent);
        }
    }

    fn entry(&mut self, path: &str, mode: u32, device: (u32, u32), content: &[u8]) {
        self.inodes += 1;
        // ino mode uid gid nlink mtime filesize devmajor devminor rdevmajor rdevminor namesize check
        let size = content.len() as u32;
        let length = path.len() as u32 + 1;
        let fields = [self.inodes, mode, 0, 0, 1, 0, size, 0, 0, device.0, device.1, length, 0];
        self.bytes.extend_from_slice(b"070701");
        for field in fields {
            self.bytes.extend_from_slice(format!("{field:08x}").as_bytes());
        }
        self.bytes.extend_from_slice(path.as_bytes());
        self.bytes.push(0);
        self.pad();
        self.bytes.extend_from_slice(content);
        self.pad();
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_parents_and_padding() {
        let mut archive = Archive::default();
        archive.file("/a/b", 0o755, b"hello");
        archive.file("a/b", 0o755, b"again");
        archive.directory("a");
        archive.device("dev/console", 5, 1);
        let bytes = archive.finish();
        assert_eq!(bytes.len() % 4, 0);
        let text = String::from_utf8_lossy(&bytes);
        let heads = text.match_indices("070701").map(|(at, _)| at).collect::<Vec<_>>();
        assert_eq!(heads.len(), 5, "a, a/b, dev, dev/console and the trailer");
        assert!(heads.iter().all(|at| at % 4 == 0));
        assert_eq!(&text[heads[1] + 14..heads[1] + 22], "000081ed", "a regular file, 0755");
        assert_eq!(&text[heads[1] + 54..heads[1] + 62], "00000005", "its size");
        assert!(text[heads[1]..].contains("a/b\0") && text.contains("hello") && !text.contains("again"));
        assert_eq!(&text[heads[3] + 78..heads[3] + 94], "0000000500000001", "major and minor");
    }
}
