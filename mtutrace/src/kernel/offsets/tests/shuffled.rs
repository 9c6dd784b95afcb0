//! No offset is known beforehand: wherever a kernel puts its fields, they are found there, and a field that is gone
//! takes away the hooks that need it, and no other.
use std::collections::BTreeMap;

use mtutrace_common::offsets::Field;

use super::*;
use crate::kernel::hooks::{HOOKS, Outcome, State, table};

/// Kernel types with every field but those of `without`, in an order that `seed` gives. Also where each field is.
fn kernel(seed: u64, without: &[&str]) -> (Btf, BTreeMap<&'static str, u32>) {
    let mut shuffler = Shuffler { builder: Builder::default(), int: 0, state: seed, places: BTreeMap::new() };
    shuffler.int = shuffler.builder.int("unsigned int", 4);
    let paths = fields().filter(|path| !without.contains(path)).map(|path| (path, path)).collect::<Vec<_>>();
    for (name, paths) in by_first(&paths) {
        shuffler.structure(name, &paths, 0, 4096);
    }
    (Btf::parse(shuffler.builder.build()).unwrap(), shuffler.places)
}

/// A whole path, and what is left of it.
type Rest = (&'static str, &'static str);

/// The paths by their first name, without it.
fn by_first(paths: &[Rest]) -> BTreeMap<&'static str, Vec<Rest>> {
    let mut groups = BTreeMap::<_, Vec<_>>::new();
    for (path, rest) in paths {
        let (first, rest) = rest.split_once('.').unwrap_or((rest, ""));
        groups.entry(first).or_default().push((*path, rest));
    }
    groups
}

struct Shuffler {
    builder: Builder,
    int: u32,
    state: u64,
    places: BTreeMap<&'static str, u32>,
}

impl Shuffler {
    fn random(&mut self, below: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state >> 33).unwrap() % below
    }

    /// A struct that lies `base` bytes from the start of the outermost, its members `stride` bytes apart.
    fn structure(&mut self, name: &str, paths: &[Rest], base: u32, stride: u32) -> u32 {
        let mut members = Vec::new();
        let mut slots = (0u32..).take(by_first(paths).len()).collect::<Vec<_>>();
        for (name, inner) in by_first(paths) {
            let slot = self.random(slots.len());
            let at = slots.swap_remove(slot) * stride;
            let id = match inner.as_slice() {
                [(path, "")] => {
                    self.places.insert(path, base + at);
                    self.int
                }
                _ => self.structure("", &inner, base + at, stride / 16),
            };
            members.push((name, id, at * 8));
        }
        self.builder.structure(name, 16 * stride, &members)
    }
}

/// Where a field must be found: bitfields count in bits.
fn expected(places: &BTreeMap<&str, u32>, field: &Field) -> u32 {
    places[field.path] * if field.bits { 8 } else { 1 }
}

#[test]
fn offsets_follow_the_kernel() {
    let seeds = [1, 0x9e37_79b9_7f4a_7c15, 0x1234_5678_9abc_def0];
    let mut layouts = Vec::new();
    for seed in seeds {
        let (btf, places) = kernel(seed, &[]);
        let (mut offsets, missing) = resolve(&btf);
        assert!(missing.is_empty(), "{missing:?}");
        for field in Offsets::FIELDS {
            assert_eq!(*(field.slot)(&mut offsets), expected(&places, &field), "{field:?} with seed {seed}");
        }
        layouts.push(places);
    }
    assert!(layouts[0] != layouts[1] && layouts[1] != layouts[2], "each seed is another kernel");
}

#[test]
fn a_removed_field_takes_away_the_hooks_that_need_it_and_no_other() {
    for Field { path: gone, slot, .. } in Offsets::FIELDS {
        let (btf, places) = kernel(7, &[gone]);
        let (mut offsets, missing) = resolve(&btf);
        assert_eq!(missing, [gone]);
        assert_eq!(*slot(&mut offsets), Offsets::UNKNOWN, "{gone} is unknown, not some number");
        for field in Offsets::FIELDS.iter().filter(|field| field.path != gone) {
            assert_eq!(*(field.slot)(&mut offsets), expected(&places, field), "{field:?} without {gone}");
        }
        let outcome = HOOKS.iter().map(|hook| match missing_for(hook.needs, &missing).first() {
            Some(field) => Outcome::Missing((*field).to_owned()),
            None => Outcome::Attached,
        });
        let outcome = outcome.collect::<Vec<_>>();
        for (status, hook) in table(HOOKS, &outcome).iter().zip(HOOKS) {
            let needed = hook.needs.contains(&gone);
            assert_eq!(status.state == State::Missing, needed, "{} without {gone}", hook.name());
        }
    }
}
