//! The kernel's own counters of packets that were too big (the SNMP MIB of each network namespace: RFC 4293, RFC 4443).
//! They cross-check the hooks, and stand in for those that are missing. Bridge ports, veths and tunnels count in none
//! of them, but some do in the statistics of the device ([`device`]).
//!
//! [`parse`] reads the text of /proc, [`delta`] turns readings into what moved since the start of the run, [`merge`]
//! puts that into the reports, beside what the hooks saw ([`witness`]). All of these are pure; [`reader`] is the edge.
pub mod delta;
pub mod device;
pub mod merge;
pub mod parse;
pub mod reader;
pub mod witness;

use std::collections::BTreeMap;

/// The counters that tell of a packet's size, by the names of `nstat`: those of /proc/net/snmp (`Ip`), then those
/// of /proc/net/snmp6.
pub const NAMES: [&str; 13] = [
    "IpFragOKs",
    "IpFragFails",
    "IpFragCreates",
    "IpReasmTimeout",
    "IpReasmFails",
    "Ip6FragOKs",
    "Ip6FragFails",
    "Ip6FragCreates",
    "Ip6ReasmTimeout",
    "Ip6ReasmFails",
    "Ip6InTooBigErrors",
    "Icmp6InPktTooBigs",
    "Icmp6OutPktTooBigs",
];

/// A packet could not be cut, by family: each one ends as a drop that a hook should see.
pub const FRAG_FAILS: [&str; 2] = ["IpFragFails", "Ip6FragFails"];

/// One value for each of [`NAMES`]; 0 where the kernel has no such counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters([u64; NAMES.len()]);

impl Counters {
    /// The counter of this name, 0 if it is none of ours.
    pub fn get(&self, name: &str) -> u64 {
        NAMES.iter().position(|n| *n == name).map_or(0, |at| self.0[at])
    }

    /// Whether nothing was counted.
    pub fn is_zero(&self) -> bool {
        self.0.iter().all(|n| *n == 0)
    }

    /// Those that are not 0.
    pub fn moved(&self) -> BTreeMap<&'static str, u64> {
        NAMES.into_iter().zip(self.0).filter(|(_, n)| *n != 0).collect()
    }

    fn slot(&mut self, name: &str) -> Option<&mut u64> {
        NAMES.iter().position(|n| *n == name).map(|at| &mut self.0[at])
    }

    /// What was added since `before`; nothing if any counter went backwards.
    fn since(&self, before: &Counters) -> Option<Counters> {
        since(&self.0, &before.0).map(Counters)
    }

    fn add(&mut self, step: &Counters) {
        add(&mut self.0, &step.0);
    }
}

fn since<const N: usize>(now: &[u64; N], before: &[u64; N]) -> Option<[u64; N]> {
    let mut step = [0; N];
    for (to, (now, then)) in step.iter_mut().zip(now.iter().zip(before)) {
        *to = now.checked_sub(*then)?;
    }
    Some(step)
}

fn add<const N: usize>(sum: &mut [u64; N], step: &[u64; N]) {
    sum.iter_mut().zip(step).for_each(|(to, n)| *to = to.saturating_add(*n));
}
