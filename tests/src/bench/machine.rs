//! What it was measured on. Neither its name nor any path.

use std::fs;

use serde::{Deserialize, Serialize};

/// The machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The kernel's version without what its builder added: `6.18.44`.
    pub kernel: String,
    /// The CPU's model, as the kernel names it.
    pub cpu: String,
    /// CPUs that may be used.
    pub cpus: usize,
    /// Memory, bytes.
    pub memory_bytes: u64,
    /// The day, UTC: `2026-11-28`.
    pub day: String,
}

impl Machine {
    /// This one.
    pub fn here() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let memory = value(&read("/proc/meminfo"), "MemTotal")
            .and_then(|kb| kb.split(' ').next()?.parse::<u64>().ok());
        Self {
            kernel: version(&read("/proc/sys/kernel/osrelease")).to_owned(),
            cpu: cpu(&read("/proc/cpuinfo")),
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
            memory_bytes: memory.unwrap_or(0) * 1024,
            day: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
        }
    }
}

fn version(release: &str) -> &str {
    release.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default()
}

/// x86 has models; on others the architecture is what there is.
fn cpu(cpuinfo: &str) -> String {
    let model = value(cpuinfo, "model name").unwrap_or_default();
    let model = model.split_whitespace().collect::<Vec<_>>().join(" ");
    if model.is_empty() { std::env::consts::ARCH.to_owned() } else { model }
}

/// `key : value` or `key: value`.
fn value(text: &str, key: &str) -> Option<String> {
    let value = text.lines().find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix(':'));
    value.map(|value| value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builder_of_a_kernel_stays_out() {
        assert_eq!(version("6.1.0-28-amd64\n"), "6.1.0");
        assert_eq!(version("7.2.1+deb14\n"), "7.2.1");
        assert_eq!(version(""), "");
        assert_eq!(cpu("processor\t: 0\nmodel name\t: An  Example CPU\n"), "An Example CPU");
        assert_eq!(cpu(""), std::env::consts::ARCH);
        assert_eq!(value("MemTotal:  24 kB\n", "MemTotal"), Some("24 kB".to_owned()));
    }
}
