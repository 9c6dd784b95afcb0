//! Files in memory, and the archive of them: the same bytes from the same files, whoever packs them where.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use flate2::{Compression, GzBuilder};
use tar::{EntryType, Header};

/// What lies at one path.
struct File {
    mode: u32,
    content: Vec<u8>,
}

/// Files by their path, without a slash in front. All belong to root.
#[derive(Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, File>,
}

impl Tree {
    /// Adds a file with these permission bits.
    pub(crate) fn add(&mut self, path: &str, mode: u32, content: impl Into<Vec<u8>>) {
        self.files.insert(path.to_owned(), File { mode, content: content.into() });
    }

    /// Adds a file of this machine.
    pub(crate) fn copy(&mut self, path: &str, mode: u32, from: &Path) -> Result<()> {
        let content = std::fs::read(from).with_context(|| from.display().to_string())?;
        self.add(path, mode, content);
        Ok(())
    }

    /// Adds every file of a folder of this machine, with the name that `path` makes of each.
    pub(crate) fn copy_all(&mut self, from: &Path, path: impl Fn(&str) -> String) -> Result<()> {
        for entry in std::fs::read_dir(from).with_context(|| from.display().to_string())? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                self.copy(&path(&entry.file_name().to_string_lossy()), 0o644, &entry.path())?;
            }
        }
        Ok(())
    }

    /// Paths and contents, in order.
    pub(crate) fn files(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.files.iter().map(|(path, file)| (path.as_str(), file.content.as_slice()))
    }

    /// The folders that the files lie in, parents first.
    pub(crate) fn folders(&self) -> BTreeSet<&str> {
        let mut folders = BTreeSet::new();
        for path in self.files.keys() {
            folders.extend(path.match_indices('/').map(|(at, _)| &path[..at]));
        }
        folders
    }

    /// A tar archive (ustar), each path behind `prefix`; every time in it is `seconds` since 1970.
    pub(crate) fn tar(&self, prefix: &str, seconds: u64) -> Result<Vec<u8>> {
        let mut archive = tar::Builder::new(Vec::new());
        let mut append = |path: &str, kind: EntryType, mode: u32, content: &[u8]| {
            let mut header = Header::new_ustar();
            header.set_entry_type(kind);
            header.set_mode(mode);
            header.set_uid(0);
            header.set_gid(0);
            header.set_username("root")?;
            header.set_groupname("root")?;
            header.set_mtime(seconds);
            header.set_size(content.len() as u64);
            archive.append_data(&mut header, format!("{prefix}{path}"), content)
        };
        for folder in self.folders() {
            append(&format!("{folder}/"), EntryType::Directory, 0o755, &[])?;
        }
        for (path, file) in &self.files {
            append(path, EntryType::Regular, file.mode, &file.content)?;
        }
        Ok(archive.into_inner()?)
    }
}

/// gzip without a name or a time in it.
pub(crate) fn gzip(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    gzip.write_all(bytes)?;
    Ok(gzip.finish()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_archive_whatever_the_order_and_root_owns_it_all() {
        let pack = |names: &[&str]| {
            let mut tree = Tree::default();
            names.iter().for_each(|name| tree.add(name, 0o755, *name));
            tree.tar("top/", 7).unwrap()
        };
        let bytes = pack(&["usr/bin/b", "a", "usr/c"]);
        assert_eq!(bytes, pack(&["usr/c", "a", "usr/bin/b"]));
        let mut archive = tar::Archive::new(bytes.as_slice());
        let paths = archive.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            let header = entry.header();
            assert_eq!((header.uid().unwrap(), header.mtime().unwrap()), (0, 7));
            assert_eq!(header.mode().unwrap(), 0o755);
            entry.path().unwrap().display().to_string()
        });
        assert_eq!(
            paths.collect::<Vec<_>>(),
            ["top/usr/", "top/usr/bin/", "top/a", "top/usr/bin/b", "top/usr/c"]
        );
    }

    #[test]
    fn gzip_says_nothing_of_when_or_where() {
        let bytes = gzip(b"text").unwrap();
        assert_eq!(bytes[3..8], [0, 0, 0, 0, 0], "no flags and no time");
        assert_eq!(bytes, gzip(b"text").unwrap());
    }
}
