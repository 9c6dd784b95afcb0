//! The mount namespaces of the node besides the host's and our own, and a process of each to look into it by. Pure.
use std::collections::{BTreeMap, BTreeSet};

/// Most that are known at a time.
const MOST: usize = 64;

/// The processes that were asked, and by which of them each mount namespace is looked into.
#[derive(Debug, Default)]
pub(super) struct MountNamespaces {
    /// The mount namespace of each process, by inode number; absent where it could not be read. Whoever changes it later has had a
    /// parent or a child in it, as a rule: nobody is asked twice.
    asked: BTreeMap<u32, Option<u64>>,
    ways: BTreeMap<u64, u32>,
}

impl MountNamespaces {
    /// Brings them in line with `pids`, which are all processes there are; `ask` reads the mount namespace of one. `ours` are left
    /// out. Returns those that are looked into by another process than before, or for the first time.
    pub(super) fn update(
        &mut self,
        pids: impl Iterator<Item = u32>,
        ours: &[Option<u64>],
        ask: impl Fn(u32) -> Option<u64>,
    ) -> BTreeSet<u64> {
        let mut moved = BTreeSet::new();
        let pids: BTreeSet<u32> = pids.collect();
        self.asked.retain(|pid, _| pids.contains(pid));
        let lost: Vec<u64> =
            self.ways.iter().filter(|(_, pid)| !pids.contains(pid)).map(|(id, _)| *id).collect();
        for id in lost {
            self.ways.remove(&id);
            let mut inside = self.asked.iter().filter(|(_, of)| **of == Some(id)).map(|(pid, _)| *pid);
            if let Some(pid) = inside.find(|pid| ask(*pid) == Some(id)) {
                self.ways.insert(id, pid);
                moved.insert(id);
            }
        }
        for pid in pids {
            if self.ways.len() >= MOST {
                // Whoever is left is asked once there is room.
                break;
            }
            if self.asked.contains_key(&pid) {
                continue;
            }
            let id = ask(pid);
            self.asked.insert(pid, id);
            if let Some(id) = id.filter(|_| !ours.contains(&id))
                && !self.ways.contains_key(&id)
            {
                self.ways.insert(id, pid);
                moved.insert(id);
            }
        }
        moved
    }

    /// Each, with the process to look into it by. Those that were there first come first, as a rule: their processes stay.
    pub(super) fn ways(&self) -> Vec<(u64, u32)> {
        let mut ways: Vec<(u64, u32)> = self.ways.iter().map(|(id, pid)| (*id, *pid)).collect();
        ways.sort_unstable_by_key(|(_, pid)| *pid);
        ways
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Processes below 100 live in 1, which is ours; others in the namespace of their hundred.
    #[expect(clippy::unnecessary_wraps, reason = "as the one that asks the kernel")]
    fn hundred(pid: u32) -> Option<u64> {
        Some(u64::from(pid / 100).max(1))
    }

    fn update(known: &mut MountNamespaces, pids: impl IntoIterator<Item = u32>) -> Vec<u64> {
        known.update(pids.into_iter(), &[Some(1)], hundred).into_iter().collect()
    }

    #[test]
    fn one_stays_as_long_as_any_process_is_in_it() {
        let mut known = MountNamespaces::default();
        assert_eq!(update(&mut known, [5, 903, 901, 201, 902]), [2, 9]);
        assert_eq!(known.ways(), [(2, 201), (9, 901)], "the oldest first");
        assert_eq!(update(&mut known, [5, 902, 201, 903]), [9], "by another process");
        assert_eq!(known.ways(), [(2, 201), (9, 902)]);
        assert!(update(&mut known, [5, 903, 902, 201, 904]).is_empty());
        assert_eq!(update(&mut known, [5, 201, 904]), [9]);
        assert!(update(&mut known, [5, 201]).is_empty());
        assert_eq!(known.ways(), [(2, 201)]);
    }

    #[test]
    fn a_process_that_has_gone_elsewhere_is_no_way_in() {
        let mut known = MountNamespaces::default();
        update(&mut known, [901, 902, 903]);
        let moved = known.update([902, 903].into_iter(), &[], |pid| Some(if pid == 902 { 7 } else { 9 }));
        assert_eq!((moved.into_iter().collect::<Vec<_>>(), known.ways()), (vec![9], vec![(9, 903)]));
    }

    #[test]
    fn those_beyond_the_bound_are_asked_once_there_is_room() {
        let mut known = MountNamespaces::default();
        let pids = (2..70).map(|hundred| hundred * 100);
        assert_eq!(update(&mut known, pids.clone()).len(), MOST);
        assert!(update(&mut known, pids.clone()).is_empty());
        assert_eq!(update(&mut known, pids.skip(2)), [66, 67]);
    }

    #[test]
    fn what_cannot_be_read_is_not_asked_again() {
        let mut known = MountNamespaces::default();
        let nobody = |_| None;
        assert!(known.update([7].into_iter(), &[], nobody).is_empty());
        assert!(known.update([7].into_iter(), &[], |_| unreachable!("asked twice")).is_empty());
    }
}
