//! What is counted of a container: events by signal, and what the kernel itself counted (the SNMP MIB of each network
//! namespace, RFC 4293 and RFC 4443; the statistics of devices).
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Container, DeviceId, NetnsKey, Node, SignalKind};

/// The counters that tell of a packet's size, by the names of `nstat`: those of /proc/net/snmp (`Ip`), then those
/// of /proc/net/snmp6.
pub(crate) const SNMP_NAMES: [&str; 15] = [
    "IpFragOKs",
    "IpFragFails",
    "IpFragCreates",
    "IpReasmTimeout",
    "IpReasmFails",
    "IpReasmOKs",
    "Ip6FragOKs",
    "Ip6FragFails",
    "Ip6FragCreates",
    "Ip6ReasmTimeout",
    "Ip6ReasmFails",
    "Ip6ReasmOKs",
    "Ip6InTooBigErrors",
    "Icmp6InPktTooBigs",
    "Icmp6OutPktTooBigs",
];

/// A packet could not be cut, by family: each one ends as a drop that a hook should see.
pub(crate) const FRAG_FAILS: [&str; 2] = ["IpFragFails", "Ip6FragFails"];

/// Datagrams that were put together from their fragments, by family.
const REASM_OKS: [&str; 2] = ["IpReasmOKs", "Ip6ReasmOKs"];

/// One value for each of [`SNMP_NAMES`]; 0 where the kernel has no such counter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "BTreeMap<&str, u64>", from = "BTreeMap<String, u64>")]
pub(crate) struct SnmpCounters([u64; SNMP_NAMES.len()]);

impl SnmpCounters {
    /// The counter of this name, 0 if it is none of ours.
    pub(crate) fn get(&self, name: &str) -> u64 {
        SNMP_NAMES.iter().position(|n| *n == name).map_or(0, |at| self.0[at])
    }

    /// Datagrams that were put together from their fragments.
    pub(crate) fn reassembled(&self) -> u64 {
        REASM_OKS.iter().map(|name| self.get(name)).fold(0, u64::saturating_add)
    }

    /// Whether nothing was counted.
    pub(crate) fn is_zero(&self) -> bool {
        self.0.iter().all(|n| *n == 0)
    }

    /// Those that are not 0.
    pub(crate) fn moved(&self) -> BTreeMap<&'static str, u64> {
        SNMP_NAMES.into_iter().zip(self.0).filter(|(_, n)| *n != 0).collect()
    }

    pub(crate) fn slot(&mut self, name: &str) -> Option<&mut u64> {
        SNMP_NAMES.iter().position(|n| *n == name).map(|at| &mut self.0[at])
    }

    /// What was added since `before`; nothing if any counter went backwards.
    pub(crate) fn since(&self, before: &SnmpCounters) -> Option<SnmpCounters> {
        since(&self.0, &before.0).map(SnmpCounters)
    }

    pub(crate) fn add(&mut self, step: &SnmpCounters) {
        add(&mut self.0, &step.0);
    }
}

/// Of all statistics those that a packet too big for a device may move, as /sys/class/net/DEVICE/statistics names them.
pub(crate) const DEVICE_NAMES: [&str; 4] = ["rx_errors", "rx_dropped", "tx_errors", "tx_dropped"];

/// One value for each of [`DEVICE_NAMES`]. `rx_dropped` counts what the device's own queue had no room for as well
/// (`dev_seq_printf_stats`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "BTreeMap<&str, u64>", from = "BTreeMap<String, u64>")]
pub(crate) struct DeviceCounters(pub(crate) [u64; DEVICE_NAMES.len()]);

impl DeviceCounters {
    /// Those that are not 0.
    pub(crate) fn moved(&self) -> BTreeMap<&'static str, u64> {
        DEVICE_NAMES.into_iter().zip(self.0).filter(|(_, n)| *n != 0).collect()
    }

    /// What was added since `before`; nothing if any counter went backwards.
    pub(crate) fn since(&self, before: &DeviceCounters) -> Option<DeviceCounters> {
        since(&self.0, &before.0).map(DeviceCounters)
    }

    pub(crate) fn add(&mut self, step: &DeviceCounters) {
        add(&mut self.0, &step.0);
    }

    /// Whether nothing was counted.
    pub(crate) fn is_zero(&self) -> bool {
        self.0.iter().all(|n| *n == 0)
    }
}

impl From<SnmpCounters> for BTreeMap<&'static str, u64> {
    fn from(counters: SnmpCounters) -> Self {
        counters.moved()
    }
}

/// Those that this build does not know are left out.
impl From<BTreeMap<String, u64>> for SnmpCounters {
    fn from(named: BTreeMap<String, u64>) -> SnmpCounters {
        SnmpCounters(SNMP_NAMES.map(|name| named.get(name).copied().unwrap_or_default()))
    }
}

impl From<DeviceCounters> for BTreeMap<&'static str, u64> {
    fn from(counters: DeviceCounters) -> Self {
        counters.moved()
    }
}

/// Those that this build does not know are left out.
impl From<BTreeMap<String, u64>> for DeviceCounters {
    fn from(named: BTreeMap<String, u64>) -> DeviceCounters {
        DeviceCounters(DEVICE_NAMES.map(|name| named.get(name).copied().unwrap_or_default()))
    }
}

/// Counters of devices, each in its namespace.
pub(crate) type ByDevice = BTreeMap<DeviceId, DeviceCounters>;

/// What the kernel counted in one namespace, as reports show it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct KernelTally {
    /// What moved since the start of the run.
    pub(crate) counters: SnmpCounters,
    /// Drops that the hooks saw there, IPv4 and IPv6, as [`FRAG_FAILS`].
    pub(crate) seen: [u64; 2],
    /// What moved on devices: on those of the tally, in whichever namespace they are, and on those that no hook could
    /// tell of.
    pub(crate) devices: ByDevice,
    /// Whether anything moved since the last report.
    pub(crate) changed: bool,
}

impl KernelTally {
    /// Counters of which the hooks saw less: name, what the kernel counted, what they saw.
    pub(crate) fn unseen(&self) -> impl Iterator<Item = (&'static str, u64, u64)> {
        let counted = FRAG_FAILS.map(|name| self.counters.get(name));
        (0..FRAG_FAILS.len())
            .map(move |n| (FRAG_FAILS[n], counted[n]))
            .zip(self.seen)
            .map(|((name, counted), seen)| (name, counted, seen))
            .filter(|(_, counted, seen)| counted > seen)
    }
}

/// Devices of a tally beyond which those are forgotten that are gone; the sums stay.
const DEVICES: usize = 256;

/// Counters of one container.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    /// The container; absent for the host and for bare namespaces.
    pub(crate) container: Option<Container>,
    /// Events by signal.
    pub(crate) counters: BTreeMap<SignalKind, u64>,
    /// Of drops, how many by cause.
    pub(crate) causes: BTreeMap<&'static str, u64>,
    /// The same by device where they were seen.
    pub(crate) interfaces: BTreeMap<DeviceId, BTreeMap<SignalKind, u64>>,
    /// When the last one came, CLOCK_MONOTONIC nanoseconds.
    pub(crate) last_ns: u64,
    /// Whether there was any since the last report.
    pub(crate) changed: bool,
    /// What the kernel counted in the namespace.
    pub(crate) kernel: KernelTally,
}

impl Tally {
    /// Whose they are may be known only after they were counted, and named later still.
    pub(crate) fn belongs_to(&mut self, owner: NetnsKey, node: &Node) {
        if self.interfaces.len() > DEVICES {
            self.interfaces.retain(|device, _| node.link(*device).is_some());
        }
        let container = node.container(owner.id).filter(|_| node.is_current(owner));
        if container.is_some() && container != self.container.as_ref() {
            self.container = container.cloned();
            self.changed = true;
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{NetnsId, SignalKind};
    use crate::testing::node::incident;

    #[test]
    fn devices_that_are_gone_leave_a_tally_that_has_many() {
        let node = incident().0;
        let owner = node.key(NetnsId(1));
        let mut tally = Tally::default();
        let living = *node.netns[&NetnsId(1)].links.keys().next().unwrap();
        let count = |tally: &mut Tally, ifindex| {
            let device = DeviceId { netns: NetnsId(1), ifindex };
            *tally.interfaces.entry(device).or_default().entry(SignalKind::Drop).or_default() += 1;
        };
        count(&mut tally, living);
        (1000..1000 + DEVICES as u32 - 1).for_each(|ifindex| count(&mut tally, ifindex));
        tally.belongs_to(owner, &node);
        assert_eq!(tally.interfaces.len(), DEVICES, "there is room");
        count(&mut tally, 5000);
        tally.belongs_to(owner, &node);
        assert_eq!(tally.interfaces.keys().map(|d| d.ifindex).collect::<Vec<_>>(), [living]);
    }
}
