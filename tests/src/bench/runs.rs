//! How often a process's BPF programs ran, and how long: the kernel's own statistics.

use std::collections::BTreeMap;
use std::fs;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

use crate::lab::leaks::program_name;

const SWITCH: &str = "/proc/sys/kernel/bpf_stats_enabled";

/// While it lives the kernel counts; then the switch is as it was.
#[derive(Debug)]
pub(super) struct Counting {
    before: String,
}

impl Counting {
    pub(super) fn start() -> Result<Self> {
        let before = fs::read_to_string(SWITCH).context(SWITCH)?;
        fs::write(SWITCH, "1").context(SWITCH)?;
        Ok(Self { before })
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        if let Err(error) = fs::write(SWITCH, self.before.trim()) {
            eprintln!("lab: {SWITCH} should be {}: {error}", self.before.trim());
        }
    }
}

/// What one program did for each packet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Share {
    /// Its name in the kernel.
    pub program: String,
    /// Runs for each packet.
    pub runs: f64,
    /// Nanoseconds for each packet, those that counting takes included.
    pub ns: f64,
}

/// Runs and nanoseconds of each program, by its id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Runs(BTreeMap<u32, (u64, u64)>);

impl Runs {
    /// Of the programs that these processes hold.
    pub(super) fn of(pids: &[u32]) -> Result<Self> {
        let mut runs = BTreeMap::new();
        for pid in pids {
            let folder = format!("/proc/{pid}/fdinfo");
            for entry in fs::read_dir(&folder).context(folder)? {
                // A descriptor may be closed while we look; that one is not held.
                runs.extend(fs::read_to_string(entry?.path()).ok().as_deref().and_then(parse));
            }
        }
        Ok(Self(runs))
    }

    /// What each program did since `before` for each of so many packets; the one that took longest first.
    pub(super) fn per_packet(&self, before: &Self, packets: u64, name: impl Fn(u32) -> String) -> Vec<Share> {
        let share = |(id, (runs, ns)): (&u32, &(u64, u64))| {
            let (had_run, had_taken) = before.0.get(id).copied().unwrap_or_default();
            let each = |now: u64, then: u64| now.saturating_sub(then) as f64 / packets.max(1) as f64;
            Share { program: name(*id), runs: each(*runs, had_run), ns: each(*ns, had_taken) }
        };
        let mut shares = self.0.iter().map(share).filter(|share| share.runs > 0.0).collect::<Vec<_>>();
        shares.sort_by(|a, b| b.ns.total_cmp(&a.ns));
        shares
    }
}

/// The name of a program in the kernel.
pub(super) fn name(id: u32) -> String {
    program_name(id).unwrap_or_else(|| format!("program {id}"))
}

/// `prog_id`, `run_cnt` and `run_time_ns` (`bpf_prog_show_fdinfo`); the descriptor of a link shows its program's id alone.
fn parse(fdinfo: &str) -> Option<(u32, (u64, u64))> {
    let field =
        |key: &str| fdinfo.lines().find_map(|line| line.strip_prefix(key)?.trim().parse::<u64>().ok());
    let counted = (field("run_cnt:")?, field("run_time_ns:")?);
    Some((u32::try_from(field("prog_id:")?).ok()?, counted))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_ran_meanwhile_counts() {
        let program = |id: u32, runs: u64, ns: u64| {
            parse(&format!("prog_type:\t3\nprog_id:\t{id}\nrun_time_ns:\t{ns}\nrun_cnt:\t{runs}\n")).unwrap()
        };
        assert_eq!(parse("link_type:\ttcx\nlink_id:\t4\nprog_id:\t9\n"), None);
        let before = Runs([program(1, 100, 5000), program(2, 7, 70)].into());
        let now = Runs([program(1, 300, 25_000), program(2, 7, 70), program(3, 50, 30_000)].into());
        let shares = now.per_packet(&before, 100, |id| id.to_string());
        let expected = [("3", 0.5, 300.0), ("1", 2.0, 200.0)];
        let got = shares.iter().map(|share| (share.program.as_str(), share.runs, share.ns));
        assert_eq!(got.collect::<Vec<_>>(), expected);
    }
}
