//! The counters of the kernel side, summed over all CPUs.
use std::collections::BTreeMap;

use aya::maps::{Map, MapData, MapError, PerCpuArray};
use mtutrace_common::Signal;
use mtutrace_common::config::counter;
use serde::{Deserialize, Serialize};

/// The map of counters.
pub(crate) struct Counters(PerCpuArray<MapData, u64>);

/// Records that the kernel side made since it was loaded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Records {
    /// By signal: sent, lost or left out; those without any are not there.
    #[serde(with = "by_name")]
    pub(crate) made: BTreeMap<Signal, u64>,
    /// Those that the ring could not take.
    pub(crate) lost: u64,
    /// By signal, those that were left out because their source had sent enough (`mtutrace-ebpf/src/budget.rs`).
    #[serde(with = "by_name")]
    pub(crate) left_out: BTreeMap<Signal, u64>,
}

impl Records {
    /// Those made, by name: SYNs too, of which few become events, and holes, which never do.
    pub(crate) fn names(&self) -> BTreeMap<&'static str, u64> {
        names(&self.made)
    }

    /// Those left out, by name.
    pub(crate) fn left_out_names(&self) -> BTreeMap<&'static str, u64> {
        names(&self.left_out)
    }

    /// How many were left out.
    pub(crate) fn left_out_total(&self) -> u64 {
        self.left_out.values().sum()
    }
}

fn names(counts: &BTreeMap<Signal, u64>) -> BTreeMap<&'static str, u64> {
    counts.iter().map(|(signal, n)| (signal.name(), *n)).collect()
}

/// Signals by their names; those that this build does not know are left out.
mod by_name {
    use std::collections::BTreeMap;

    use mtutrace_common::Signal;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(
        counts: &BTreeMap<Signal, u64>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.collect_map(super::names(counts))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<BTreeMap<Signal, u64>, D::Error> {
        let named = BTreeMap::<String, u64>::deserialize(deserializer)?;
        let known = |signal: Signal| Some((signal, *named.get(signal.name())?));
        Ok(Signal::ALL.into_iter().filter_map(known).collect())
    }
}

impl Counters {
    /// Takes the map over.
    ///
    /// # Errors
    /// When it is of another type.
    pub(crate) fn new(map: Map) -> Result<Counters, MapError> {
        Ok(Counters(PerCpuArray::try_from(map)?))
    }

    /// Events that the ring could not take.
    pub(crate) fn lost(&self) -> u64 {
        self.sum(counter::LOST)
    }

    /// All records.
    pub(crate) fn records(&self) -> Records {
        let by_signal = |first: u32| {
            let all = Signal::ALL.into_iter().map(|signal| (signal, self.sum(first + signal as u32)));
            all.filter(|(_, n)| *n > 0).collect()
        };
        Records { made: by_signal(0), lost: self.lost(), left_out: by_signal(counter::LEFT_OUT) }
    }

    fn sum(&self, slot: u32) -> u64 {
        self.0.get(&slot, 0).map(|values| values.iter().sum()).unwrap_or(0)
    }
}
