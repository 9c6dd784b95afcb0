//! A table with a bound: what is worth least makes room, and is counted.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::Hash;

/// How much something tells.
pub(super) trait Worth {
    /// Signs of trouble, then when it was last seen in nanoseconds: the smallest goes first.
    fn worth(&self) -> (u64, u64);
}

#[derive(Debug)]
pub(super) struct Table<K, V> {
    entries: HashMap<K, V, RandomState>,
    limit: usize,
    /// Those that had to go.
    pub(super) left_out: u64,
}

impl<K: Eq + Hash + Copy, V: Worth> Table<K, V> {
    pub(super) fn new(limit: usize) -> Self {
        Self { entries: HashMap::new(), limit, left_out: 0 }
    }

    pub(super) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key)
    }

    pub(super) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.entries.get_mut(key)
    }

    pub(super) fn contains(&self, key: &K) -> bool {
        self.entries.contains_key(key)
    }

    pub(super) fn remove(&mut self, key: &K) -> Option<V> {
        self.entries.remove(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.entries.iter()
    }

    pub(super) fn into_values(self) -> impl Iterator<Item = V> {
        self.entries.into_values()
    }

    /// The entry, made if there is none.
    pub(super) fn or_default(&mut self, key: K) -> &mut V
    where
        V: Default,
    {
        if !self.entries.contains_key(&key) {
            self.insert(key, V::default());
        }
        self.entries.entry(key).or_default()
    }

    /// A quarter goes at once, so that a flood of new entries does not sort for each.
    pub(super) fn insert(&mut self, key: K, value: V) {
        if self.entries.len() >= self.limit {
            let mut all = self.entries.iter().map(|(key, value)| (value.worth(), *key)).collect::<Vec<_>>();
            let quarter = (self.limit / 4).max(1).min(all.len() - 1);
            all.select_nth_unstable_by_key(quarter, |(worth, _)| *worth);
            for (_, key) in all.into_iter().take(quarter) {
                self.entries.remove(&key);
                self.left_out += 1;
            }
        }
        self.entries.insert(key, value);
    }
}
