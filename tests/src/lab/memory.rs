//! Memory of a process, as /proc/PID/status says it (proc(5)).

use anyhow::{Context, Result};

/// Bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Memory {
    /// Resident now (`VmRSS`).
    pub resident: u64,
    /// The most that it ever was (`VmHWM`).
    pub peak: u64,
}

impl Memory {
    /// Of that process.
    pub fn of(pid: u32) -> Result<Self> {
        let path = format!("/proc/{pid}/status");
        let status = std::fs::read_to_string(&path).with_context(|| path.clone())?;
        parse(&status).with_context(|| format!("no memory in {path}"))
    }
}

fn parse(status: &str) -> Option<Memory> {
    let bytes = |key: &str| {
        let kilobytes = status.lines().find_map(|line| line.strip_prefix(key)?.trim().strip_suffix(" kB"))?;
        Some(kilobytes.parse::<u64>().ok()? * 1024)
    };
    Some(Memory { resident: bytes("VmRSS:")?, peak: bytes("VmHWM:")? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kilobytes_are_1024() {
        let memory = Memory { resident: 1 << 20, peak: 2 << 20 };
        assert_eq!(parse("VmHWM:\t  2048 kB\nVmRSS:\t    1024 kB\n"), Some(memory));
        assert_eq!(parse("VmHWM:\t  2048 kB\n"), None);
    }
}
