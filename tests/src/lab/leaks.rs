//! What a tracer might leave behind in the kernel.

use std::io::Error;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::wait;

const PROG_GET_NEXT_ID: u32 = 11;
const PROG_GET_FD_BY_ID: u32 = 13;
const OBJ_GET_INFO_BY_FD: u32 = 15;
const LINK_GET_NEXT_ID: u32 = 31;
/// `name` in `struct bpf_prog_info`.
const PROG_NAME_AT: usize = 64;

/// Everything that begins the names of our programs and namespaces.
const PREFIX: &str = "mtut";

/// BPF objects by their kernel ids, which are not used twice.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Held {
    /// Programs.
    pub programs: Vec<u32>,
    /// Links.
    pub links: Vec<u32>,
}

impl Held {
    /// What a running process holds through its file descriptors, so that tests side by side don't mix.
    pub fn by(pid: u32) -> Result<Self> {
        let mut held = Self::default();
        let dir = format!("/proc/{pid}/fdinfo");
        for entry in std::fs::read_dir(&dir).context(dir)? {
            // A descriptor may be closed while we look; that one is not held.
            let Ok(text) = std::fs::read_to_string(entry?.path()) else { continue };
            let id =
                |key: &str| text.lines().find_map(|line| line.strip_prefix(key)?.trim().parse::<u32>().ok());
            held.programs.extend(id("prog_id:"));
            held.links.extend(id("link_id:"));
        }
        held.programs.sort_unstable();
        held.programs.dedup();
        Ok(held)
    }

    /// Links that are still there.
    pub fn links_left(&self) -> Result<usize> {
        let links = ids(LINK_GET_NEXT_ID)?;
        Ok(self.links.iter().filter(|id| links.contains(id)).count())
    }

    /// Waits until the kernel has freed all of it (it does so a moment after the last user is gone).
    pub fn await_gone(&self, timeout: Duration) -> Result<()> {
        let result =
            wait::until("BPF objects to be freed", timeout, || Ok(self.left()?.is_empty().then_some(())));
        result.with_context(|| format!("still there: {:?}; all of ours: {:?}", self.left(), programs()))
    }

    fn left(&self) -> Result<Vec<String>> {
        let (programs, links) = (ids(PROG_GET_NEXT_ID)?, ids(LINK_GET_NEXT_ID)?);
        let programs =
            self.programs.iter().filter(|id| programs.contains(id)).map(|id| format!("program {id}"));
        let links = self.links.iter().filter(|id| links.contains(id)).map(|id| format!("link {id}"));
        Ok(programs.chain(links).collect())
    }
}

/// The programs in the kernel whose names are ours, as (id, name).
pub fn programs() -> Result<Vec<(u32, String)>> {
    let mut ours = Vec::new();
    for id in ids(PROG_GET_NEXT_ID)? {
        // A program may go while we look.
        if let Some(name) = program_name(id).filter(|name| name.starts_with(PREFIX)) {
            ours.push((id, name));
        }
    }
    Ok(ours)
}

/// The named network namespaces that begin with `prefix`.
pub fn namespaces(prefix: &str) -> Result<Vec<String>> {
    let entries = match std::fs::read_dir("/run/netns") {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    Ok(names.filter(|name| name.starts_with(prefix)).collect())
}

/// `bpf(2)` with an attribute of 32-bit words.
fn bpf(command: u32, attribute: &mut [u32; 4]) -> Result<i32, Error> {
    // SAFETY: the attribute is 16 readable and writable bytes, its size is passed, and for the commands used here
    // pointers inside it (only OBJ_GET_INFO_BY_FD has one) point to a buffer of the length given beside them.
    let result =
        unsafe { libc::syscall(libc::SYS_bpf, command, attribute.as_mut_ptr(), size_of_val(attribute)) };
    if result < 0 { Err(Error::last_os_error()) } else { Ok(result as i32) }
}

fn ids(next: u32) -> Result<Vec<u32>> {
    let mut ids = Vec::new();
    let mut start = 0;
    loop {
        let mut attribute = [start, 0, 0, 0];
        match bpf(next, &mut attribute) {
            Ok(_) => start = attribute[1],
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => return Ok(ids),
            Err(error) => bail!("bpf({next}): {error}"),
        }
        ids.push(start);
    }
}

/// The name of a program in the kernel, if there is one of that id.
pub(crate) fn program_name(id: u32) -> Option<String> {
    let fd = bpf(PROG_GET_FD_BY_ID, &mut [id, 0, 0, 0]).ok()?;
    // SAFETY: the kernel just returned this descriptor and nobody else knows it.
    let fd = unsafe { OwnedFd::from_raw_fd(fd) };
    let mut info = [0_u8; PROG_NAME_AT + 16];
    let address = info.as_mut_ptr() as u64;
    let words = [fd.as_raw_fd() as u32, info.len() as u32, address as u32, (address >> 32) as u32];
    bpf(OBJ_GET_INFO_BY_FD, &mut { words }).ok()?;
    let name = info[PROG_NAME_AT..].split(|byte| *byte == 0).next()?;
    Some(String::from_utf8_lossy(name).into_owned())
}

#[cfg(test)]
mod tests;
