//! Creates the files of a recording. They often lie in a folder that others write to, and hold what is nobody else's business: no
//! link is followed, nothing of another's is replaced, and the owner alone may read them.
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};

use crate::output::own_file;

/// Why a recording cannot be created.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CreateError {
    /// Something is there that is not ours to replace.
    #[error("{0} is a link, no plain file, or another user's; remove it, or choose another name")]
    Taken(PathBuf),
    /// stdout, to a person.
    #[error("a recording is no text: send stdout to a file or a program, or name a file")]
    Terminal,
    /// Nothing to create.
    #[error("{0} names no file")]
    NoName(PathBuf),
    /// The system's word.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// No thread.
    #[error(transparent)]
    Io(io::Error),
}

/// Where files are created.
#[derive(Debug)]
pub(super) enum Target {
    /// Beside this one.
    Path(PathBuf),
    /// stdout, kept from whoever else would write to it.
    Stdout(OwnedFd),
}

impl Target {
    /// `-` is stdout.
    ///
    /// # Errors
    /// When it is a terminal, or no file is named.
    pub(super) fn new(path: &Path) -> Result<Target, CreateError> {
        if path == Path::new("-") {
            if io::stdout().is_terminal() {
                return Err(CreateError::Terminal);
            }
            let fd = io::stdout().as_fd().try_clone_to_owned().map_err(CreateError::Io)?;
            return Ok(Target::Stdout(fd));
        }
        match path.file_name() {
            Some(_) => Ok(Target::Path(path.to_owned())),
            None => Err(CreateError::NoName(path.to_owned())),
        }
    }

    /// Files that earlier flight recorders have left, the oldest first, and their bytes: their marks are times.
    pub(super) fn left(&self) -> Vec<(PathBuf, u64)> {
        let Target::Path(path) = self else { return Vec::new() };
        let (Some(stem), ending) = (path.file_stem().and_then(|stem| stem.to_str()), path.extension()) else {
            return Vec::new();
        };
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let is_time = |mark: &str| {
            mark.len() == 20
                && mark.ends_with('Z')
                && mark.bytes().all(|b| b.is_ascii_digit() || b"TZ-".contains(&b))
        };
        let ours = |entry: std::fs::DirEntry| {
            let found = entry.path();
            let mark = found.file_stem()?.to_str()?.strip_prefix(stem)?.strip_prefix('.')?;
            let there = std::fs::symlink_metadata(&found).ok().filter(own_file::is_ours)?;
            (is_time(mark) && found.extension() == ending).then(|| (found.clone(), there.len()))
        };
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut left: Vec<_> = entries.filter_map(ours).collect();
        left.sort();
        left
    }

    /// Creates a file, with a mark in its name if it is not the first one. What an earlier run has left under its name is
    /// replaced when the new one is there.
    ///
    /// # Errors
    /// When something else is there, or the system refuses.
    pub(super) fn open(&self, mark: Option<&str>) -> Result<(File, Option<PathBuf>), CreateError> {
        let path = match self {
            Target::Stdout(fd) => {
                return Ok((File::from(fd.try_clone().map_err(CreateError::Io)?), None));
            }
            Target::Path(path) => mark.map_or_else(|| path.clone(), |mark| marked(path, mark)),
        };
        let failed = |source| CreateError::File { path: path.clone(), source };
        let file = match std::fs::symlink_metadata(&path) {
            Err(e) if e.kind() == ErrorKind::NotFound => own_file::create(&path).map_err(failed)?,
            Err(e) => return Err(failed(e)),
            Ok(there) if own_file::is_ours(&there) => own_file::replace(&path, |_| Ok(())).map_err(failed)?,
            Ok(_) => return Err(CreateError::Taken(path)),
        };
        Ok((file, Some(path)))
    }
}

/// `x.pcapng` with a mark: `x.MARK.pcapng`.
fn marked(path: &Path, mark: &str) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_owned();
    name.push(".");
    name.push(mark);
    if let Some(ending) = path.extension() {
        name.push(".");
        name.push(ending);
    }
    path.with_file_name(name)
}
