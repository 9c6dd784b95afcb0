//! A map that never grows beyond what a Prometheus server should be asked to keep.
use std::collections::BTreeMap;

/// Who had nothing for so long, and is gone, is forgotten.
const GONE_NS: u64 = 600_000_000_000;

/// At most so many entries, and one in which all that find no room are summed.
#[derive(Debug)]
pub(super) struct BoundedMap<K, V> {
    limit: usize,
    entries: BTreeMap<K, (V, u64)>,
    other: Option<V>,
    /// How often something found no room.
    pub(super) overflow: u64,
}

impl<K: Ord, V: Default> BoundedMap<K, V> {
    pub(super) fn new(limit: usize) -> BoundedMap<K, V> {
        BoundedMap { limit, entries: BTreeMap::new(), other: None, overflow: 0 }
    }

    /// The entry of `key`, or that of the others where there is no room.
    pub(super) fn entry(&mut self, key: K, now_ns: u64) -> &mut V {
        if self.entries.len() >= self.limit && !self.entries.contains_key(&key) {
            self.overflow += 1;
            return self.other.get_or_insert_default();
        }
        let (value, last_ns) = self.entries.entry(key).or_default();
        *last_ns = now_ns;
        value
    }

    /// Forgets those that had nothing for ten minutes, but for those that `lives` keeps.
    pub(super) fn expire(&mut self, now_ns: u64, mut lives: impl FnMut(&K, &V) -> bool) {
        self.entries
            .retain(|key, (value, last_ns)| now_ns.saturating_sub(*last_ns) < GONE_NS || lives(key, value));
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter().map(|(key, (value, _))| (key, value))
    }

    pub(super) fn other(&self) -> Option<&V> {
        self.other.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_is_summed_and_what_is_gone_is_forgotten() {
        let mut map: BoundedMap<u32, u64> = BoundedMap::new(2);
        for key in [1, 2, 3, 4, 1] {
            *map.entry(key, 5) += 1;
        }
        assert_eq!(map.iter().map(|(k, n)| (*k, *n)).collect::<Vec<_>>(), [(1, 2), (2, 1)]);
        assert_eq!((map.other(), map.overflow), (Some(&2), 2));
        map.expire(GONE_NS, |_, _| false);
        assert_eq!(map.iter().count(), 2, "not yet ten minutes");
        map.expire(GONE_NS + 5, |key, _| *key == 1);
        assert_eq!(map.iter().map(|(k, _)| *k).collect::<Vec<_>>(), [1]);
        *map.entry(3, GONE_NS) += 1;
        assert_eq!(map.iter().count(), 2, "there is room again");
    }
}
