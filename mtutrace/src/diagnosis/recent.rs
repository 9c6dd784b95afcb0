//! What was seen lately, within a bound of time and one of memory. Pure: time comes with the entries.
use std::hash::Hash;
use std::num::NonZeroUsize;

use lru::LruCache;

/// A map whose entries expire, and whose least recently used entry makes room when it is full.
///
/// Nothing is scanned: what has expired is removed from the old end, each entry once.
pub(crate) struct Recent<K: Hash + Eq, V> {
    hold_ns: u64,
    entries: LruCache<K, (u64, V)>,
}

impl<K: Hash + Eq, V> Recent<K, V> {
    /// For entries that hold for `hold_ns` nanoseconds, `capacity` of them at most.
    pub(crate) fn new(hold_ns: u64, capacity: usize) -> Recent<K, V> {
        let capacity = NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN);
        Recent { hold_ns, entries: LruCache::sparse(capacity) }
    }

    /// The entry, unless it has expired.
    pub(crate) fn get(&mut self, key: &K, now_ns: u64) -> Option<&V> {
        let hold_ns = self.hold_ns;
        let (time_ns, value) = self.entries.get(key)?;
        (now_ns.saturating_sub(*time_ns) < hold_ns).then_some(value)
    }

    /// Adds an entry, or replaces it; it holds from now on.
    pub(crate) fn insert(&mut self, key: K, value: V, now_ns: u64) {
        self.expire(now_ns);
        self.entries.put(key, (now_ns, value));
    }

    /// The entry, which holds from now on; an empty one where there is none, or it has expired.
    pub(crate) fn renew(&mut self, key: K, now_ns: u64) -> &mut V
    where
        V: Default,
    {
        self.expire(now_ns);
        let (time_ns, value) = self.entries.get_or_insert_mut(key, || (now_ns, V::default()));
        if now_ns.saturating_sub(*time_ns) >= self.hold_ns {
            *value = V::default();
        }
        *time_ns = now_ns;
        value
    }

    /// Removes an entry; true if there was one, expired or not.
    pub(crate) fn remove(&mut self, key: &K) -> bool {
        self.entries.pop(key).is_some()
    }

    fn expire(&mut self, now_ns: u64) {
        let hold_ns = self.hold_ns;
        let expired = |(_, (time_ns, _)): (&K, &(u64, V))| now_ns.saturating_sub(*time_ns) >= hold_ns;
        while self.entries.peek_lru().is_some_and(expired) {
            self.entries.pop_lru();
        }
    }

    /// Entries that take memory.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::hash::Hasher;

    use super::*;

    thread_local!(static HASHED: Cell<u64> = const { Cell::new(0) });

    /// A key that counts how often it is looked for, inserted or removed.
    #[derive(PartialEq, Eq)]
    struct Counted(u64);

    impl Hash for Counted {
        fn hash<H: Hasher>(&self, state: &mut H) {
            HASHED.set(HASHED.get() + 1);
            self.0.hash(state);
        }
    }

    #[test]
    fn an_entry_holds_for_its_time() {
        let mut recent = Recent::new(10, 4);
        recent.insert(1, 'a', 100);
        assert_eq!(recent.get(&1, 109), Some(&'a'));
        assert_eq!(recent.get(&1, 110), None);
        // Records of different CPUs may come out of order.
        assert_eq!(recent.get(&1, 99), Some(&'a'));
        *recent.renew(1, 105) = 'b';
        assert_eq!(recent.get(&1, 114), Some(&'b'));
        assert_eq!(*recent.renew(1, 115), char::default());
    }

    #[test]
    fn the_least_recently_used_entry_makes_room() {
        let mut recent = Recent::new(10, 2);
        recent.insert(1, (), 0);
        recent.insert(2, (), 1);
        assert!(recent.get(&1, 2).is_some());
        recent.insert(3, (), 3);
        assert_eq!([1, 2, 3].map(|key| recent.get(&key, 3).is_some()), [true, false, true]);
    }

    #[test]
    fn work_for_an_entry_does_not_depend_on_how_many_there_are() {
        const CAPACITY: usize = 4096;
        // All live, then none.
        for (step_ns, entries) in [(1, CAPACITY), (1_000_000, 10)] {
            let mut recent = Recent::new(10_000_000, CAPACITY);
            let before = HASHED.get();
            for n in 0..100_000 {
                *recent.renew(Counted(n), n * step_ns) = n;
            }
            assert_eq!(recent.len(), entries);
            // One search, one insertion, one removal, and the table's own growth.
            assert!(HASHED.get() - before <= 500_000, "{}", HASHED.get() - before);
        }
    }
}
