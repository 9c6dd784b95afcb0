//! The types that are kept, and BTF made of them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::source::{Source, kind};
use super::strings::Strings;

/// What is kept: ids, and of each the numbers of its members. A struct that nothing looks into has none.
pub(super) struct Extract<'a> {
    pub(super) source: &'a Source,
    pub(super) kept: BTreeMap<u32, BTreeSet<usize>>,
}

impl Extract<'_> {
    pub(super) fn keep(&mut self, id: u32) -> &mut BTreeSet<usize> {
        self.kept.entry(id).or_default()
    }

    /// Keeps a type and its other names, and gives back the one behind them.
    fn plain(&mut self, mut id: u32) -> u32 {
        while id != 0 {
            self.keep(id);
            let found = self.source.get(id);
            if !kind::ALIASES.contains(&found.kind) {
                break;
            }
            id = found.value;
        }
        id
    }

    /// Keeps a type for its size only.
    fn leaf(&mut self, id: u32) {
        let plain = self.plain(id);
        let found = self.source.get(plain);
        if found.kind == kind::ARRAY {
            let [element, index] = [found.body[0], found.body[1]];
            self.leaf(element);
            self.leaf(index);
        }
    }

    /// Keeps the way to a field, if there is one.
    pub(super) fn path(&mut self, id: u32, names: &[&str]) -> bool {
        let plain = self.behind(id);
        let Some((first, rest)) = names.split_first() else {
            self.leaf(id);
            return true;
        };
        let found = self.source.get(plain);
        if !found.is_aggregate() {
            return false;
        }
        for number in 0..found.count {
            let [name, member] = [found.body[number * 3], found.body[number * 3 + 1]];
            let name = self.source.text(name);
            let hit = if name == first.as_bytes() {
                self.path(member, rest)
            } else {
                name.is_empty() && self.path(member, names)
            };
            if hit {
                self.plain(id);
                self.keep(plain).insert(number);
                return true;
            }
        }
        false
    }

    /// The type behind other names, nothing kept yet.
    fn behind(&self, mut id: u32) -> u32 {
        while kind::ALIASES.contains(&self.source.get(id).kind) {
            id = self.source.get(id).value;
        }
        id
    }

    /// A tracepoint's typedef, the pointer it is, and the prototype that this points to.
    pub(super) fn tracepoint(&mut self, name: &str) {
        for id in self.source.named(name, &[kind::TYPEDEF]).collect::<Vec<_>>() {
            let pointer = self.plain(id);
            let prototype = self.plain(self.source.get(pointer).value);
            let found = self.source.get(prototype);
            for number in 0..found.count {
                self.keep(prototype).insert(number);
                self.leaf(found.body[number * 2 + 1]);
            }
        }
    }

    pub(super) fn write(&self) -> Vec<u8> {
        let ids = self.kept.keys().zip(1u32..).map(|(old, new)| (*old, new)).collect::<HashMap<_, _>>();
        let id = |old: u32| ids.get(&old).copied().unwrap_or(0);
        let mut strings = Strings::default();
        let mut types = Vec::new();
        for (old, members) in &self.kept {
            let found = self.source.get(*old);
            let value = match found.kind {
                kind::INT | kind::STRUCT | kind::UNION | kind::ENUM | kind::ENUM64 | kind::FLOAT => {
                    found.value
                }
                // A pointer to nothing that is kept points to void.
                _ => id(found.value),
            };
            let count = if found.stride().is_some() { members.len() } else { found.count };
            let name = strings.add(self.source.text(found.name));
            let info = u32::from(found.flag) << 31 | found.kind << 24 | count as u32;
            types.extend([name, info, value]);
            match (found.kind, found.stride()) {
                (kind::ARRAY, _) => types.extend([id(found.body[0]), id(found.body[1]), found.body[2]]),
                (_, None) => types.extend(&found.body),
                (number, Some(stride)) => {
                    for words in members.iter().map(|member| &found.body[member * stride..][..stride]) {
                        types.push(strings.add(self.source.text(words[0])));
                        let refers = !matches!(number, kind::ENUM | kind::ENUM64);
                        types.push(if refers { id(words[1]) } else { words[1] });
                        types.extend(&words[2..]);
                    }
                }
            }
        }
        let (length, strings) = (types.len() as u32 * 4, strings.bytes);
        let mut data = 0xeb9fu16.to_ne_bytes().to_vec();
        data.extend([1, 0]);
        let header = [24, 0, length, length, strings.len() as u32];
        data.extend(header.into_iter().chain(types).flat_map(u32::to_ne_bytes));
        data.extend(strings);
        data
    }
}
