//! The ready file (`--ready-file`): it exists while a run is attached. It often lies in a folder that others write to, so
//! nothing is followed, opened or replaced there but a file of an earlier run.
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use crate::commands::outcome::Failure;
use crate::output::own_file;

/// A file of an earlier run has no more bytes than this.
const LONGEST: u64 = 64;
/// What its line ends with.
const WORD: &str = " interfaces\n";

/// Removed at the end, if it is still the one that was made.
#[derive(Debug)]
pub(super) struct ReadyFile {
    path: PathBuf,
    made: (u64, u64),
}

/// A run that traces all that it should.
pub(super) struct Ready {
    /// When it is to end: `--duration` counts from here.
    pub(super) end: Option<tokio::time::Instant>,
    /// Exists as long.
    pub(super) _file: Option<ReadyFile>,
}

/// Why there is no ready file.
#[derive(Debug, thiserror::Error)]
enum ReadyError {
    #[error("something else is there; remove it, or choose another path")]
    Taken,
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Removes what a killed run has left there: nothing is ready yet.
///
/// # Errors
/// When something else is there.
pub(super) fn prepare(path: &Path) -> Result<(), Failure> {
    let removed = match leftover(path) {
        // Whoever waits for a file of theirs to be filled (mktemp) keeps it until then.
        Ok(Some(0)) | Ok(None) => Ok(()),
        Ok(Some(_)) => std::fs::remove_file(path).map_err(ReadyError::Io),
        Err(e) => Err(e),
    };
    removed.map_err(|e| failure(path, &e))
}

impl ReadyFile {
    /// Creates it, with the number of traced interfaces, for its owner alone.
    ///
    /// # Errors
    /// When it cannot be written, or something else is there.
    pub(super) fn create(path: &Path, interfaces: usize) -> Result<ReadyFile, Failure> {
        let made = make(path, format!("{interfaces}{WORD}").as_bytes());
        let made = made.map_err(|e| failure(path, &e))?;
        Ok(ReadyFile { path: path.to_owned(), made })
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        if std::fs::symlink_metadata(&self.path).is_ok_and(|now| (now.dev(), now.ino()) == self.made) {
            let _already_gone = std::fs::remove_file(&self.path);
        }
    }
}

fn failure(path: &Path, why: &ReadyError) -> Failure {
    Failure::Usage(format!("cannot write the ready file {}: {why}", path.display()))
}

/// Bytes of the file of an earlier run; nothing if nothing is there.
fn leftover(path: &Path) -> Result<Option<u64>, ReadyError> {
    // Not to follow a link, nor to wait for the other end of a pipe.
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_CLOEXEC | libc::O_NOCTTY;
    let there = match std::fs::symlink_metadata(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        there => there?,
    };
    // Others are not even opened: opening a device may do something.
    if !is_ours(&there) {
        return Err(ReadyError::Taken);
    }
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let mut text = String::new();
    if !is_ours(&file.metadata()?) || (&file).take(LONGEST).read_to_string(&mut text).is_err() {
        return Err(ReadyError::Taken);
    }
    let number = text.strip_suffix(WORD).is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()));
    if number || text.is_empty() { Ok(Some(text.len() as u64)) } else { Err(ReadyError::Taken) }
}

fn is_ours(file: &std::fs::Metadata) -> bool {
    own_file::is_ours(file) && file.len() <= LONGEST
}

/// Returns the device and the inode of what was made.
fn make(path: &Path, text: &[u8]) -> Result<(u64, u64), ReadyError> {
    let fill = |file: &mut File| file.write_all(text);
    let file = match leftover(path)? {
        Some(_) => own_file::replace(path, fill)?,
        None => {
            let mut file = own_file::create(path)?;
            fill(&mut file)?;
            file
        }
    };
    let made = file.metadata()?;
    Ok((made.dev(), made.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder of its own, which ends with the test.
    struct Folder(PathBuf);

    impl Folder {
        fn new(role: &str) -> Folder {
            let path = std::env::temp_dir().join(format!("mtut-ready-{}-{role}", std::process::id()));
            std::fs::create_dir(&path).unwrap();
            Folder(path)
        }

        fn ready(&self) -> PathBuf {
            self.0.join("ready")
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            std::fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn it_is_there_for_its_owner_while_it_is_held() {
        let folder = Folder::new("plain");
        prepare(&folder.ready()).unwrap();
        let file = ReadyFile::create(&folder.ready(), 7).unwrap();
        assert_eq!(std::fs::read_to_string(folder.ready()).unwrap(), "7 interfaces\n");
        assert_eq!(std::fs::metadata(folder.ready()).unwrap().mode() & 0o777, 0o600);
        drop(file);
        assert_eq!(std::fs::read_dir(&folder.0).unwrap().count(), 0);
    }

    #[test]
    fn what_a_killed_run_left_is_replaced() {
        let folder = Folder::new("leftover");
        std::fs::write(folder.ready(), "12 interfaces\n").unwrap();
        let file = ReadyFile::create(&folder.ready(), 7).unwrap();
        assert_eq!(std::fs::read_to_string(folder.ready()).unwrap(), "7 interfaces\n");
        std::mem::forget(file);
        prepare(&folder.ready()).unwrap();
        assert!(!folder.ready().exists(), "nothing is ready yet");
        std::fs::write(folder.ready(), "").unwrap();
        prepare(&folder.ready()).unwrap();
        assert!(folder.ready().exists(), "mktemp's");
        let file = ReadyFile::create(&folder.ready(), 7).unwrap();
        std::fs::remove_file(folder.ready()).unwrap();
        std::fs::write(folder.ready(), "another's").unwrap();
        drop(file);
        assert_eq!(
            std::fs::read_dir(&folder.0).unwrap().count(),
            1,
            "another's stays, and nothing beside it"
        );
    }

    #[test]
    fn what_is_not_ours_is_neither_followed_nor_opened_nor_changed() {
        let folder = Folder::new("others");
        let (path, target) = (folder.ready(), folder.0.join("target"));
        std::fs::write(&target, "precious\n").unwrap();
        let refused = |what: &str| {
            let why = prepare(&path).unwrap_err().to_string();
            assert!(why.contains("something else is there; remove it"), "{what}: {why}");
            ReadyFile::create(&path, 7).unwrap_err();
            assert_eq!(std::fs::read_to_string(&target).unwrap(), "precious\n", "{what}");
            std::fs::remove_file(&path).or_else(|_| std::fs::remove_dir(&path)).unwrap();
        };
        std::os::unix::fs::symlink(&target, &path).unwrap();
        refused("a link");
        std::os::unix::fs::symlink(folder.0.join("nothing"), &path).unwrap();
        refused("a link to nothing");
        std::fs::hard_link(&target, &path).unwrap();
        refused("a hard link");
        std::fs::write(&path, "a file of somebody's\n").unwrap();
        refused("a file with something else in it");
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, rustix::fs::Mode::RWXU).unwrap();
        refused("a pipe");
        std::fs::create_dir(&path).unwrap();
        refused("a folder");
    }
}
