//! What is kept of a table that may be longer than anybody wants to remember. Pure.

/// Items up to a bound; of more only their number.
#[derive(Debug)]
pub(crate) struct Kept<T> {
    most: usize,
    items: Vec<T>,
    /// Whether an item is kept rather than another one.
    matters: fn(&T) -> bool,
    /// Where items are that give way to those that matter.
    others: Vec<usize>,
    cut: usize,
}

/// Items that are counted beyond the bound, times the bound: after them nobody reads on.
const COUNTED: usize = 16;

impl<T> Kept<T> {
    /// The first `most` items.
    pub(crate) fn first(most: usize) -> Kept<T> {
        Kept::best(most, |_| true)
    }

    /// `most` items; those that matter rather than others.
    pub(crate) fn best(most: usize, matters: fn(&T) -> bool) -> Kept<T> {
        Kept { most, items: Vec::new(), matters, others: Vec::new(), cut: 0 }
    }

    /// Adds one. False when there were so many that there is no use in reading more.
    pub(crate) fn add(&mut self, item: T) -> bool {
        let matters = (self.matters)(&item);
        if self.items.len() < self.most {
            if !matters {
                self.others.push(self.items.len());
            }
            self.items.push(item);
            return true;
        }
        self.cut += 1;
        if matters && let Some(slot) = self.others.pop().and_then(|at| self.items.get_mut(at)) {
            *slot = item;
        }
        self.cut < self.most.saturating_mul(COUNTED)
    }

    /// As if nothing had been added since there were so many.
    pub(crate) fn back_to(&mut self, before: (usize, usize)) {
        self.items.truncate(before.0);
        self.others.retain(|at| *at < before.0);
        self.cut = before.1;
    }

    /// Where it stands, for [`Kept::back_to`].
    pub(crate) fn mark(&self) -> (usize, usize) {
        (self.items.len(), self.cut)
    }

    /// What was kept, and how many more there were (at least: somebody may have stopped reading).
    pub(crate) fn finish(self) -> (Vec<T>, usize) {
        (self.items, self.cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_matters_is_kept_and_the_rest_is_counted() {
        let mut kept = Kept::best(4, |n| n % 10 == 0);
        assert!([1, 10, 2, 3, 4, 20, 30].into_iter().all(|n| kept.add(n)));
        assert_eq!(kept.finish(), (vec![1, 10, 30, 20], 3));
    }

    #[test]
    fn what_all_matters_is_first_come_and_reading_ends() {
        let mut kept = Kept::first(2);
        let read = (0..1000).take_while(|n| kept.add(*n)).count();
        assert_eq!((read, kept.finish()), (2 + 2 * COUNTED - 1, (vec![0, 1], 2 * COUNTED)));
    }

    #[test]
    fn a_table_that_is_read_again_counts_once() {
        let mut kept = Kept::first(3);
        kept.add(1);
        let mark = kept.mark();
        assert!((2..9).all(|n| kept.add(n)));
        kept.back_to(mark);
        kept.add(2);
        assert_eq!(kept.finish(), (vec![1, 2], 0));
    }
}
