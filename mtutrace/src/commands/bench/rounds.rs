//! What the rounds of a measurement come to. Pure.
use super::lines::Measurement;

/// Nanoseconds of one run, a number a round.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Rounds {
    /// Of the empty program, right before.
    empty: Vec<f64>,
    ns: Vec<f64>,
}

impl Rounds {
    /// Adds one round.
    pub(super) fn add(&mut self, empty: f64, ns: f64) {
        self.empty.push(empty);
        self.ns.push(ns);
    }

    /// As it is printed: medians, and the range.
    pub(super) fn row(&self, program: &str, packet: &'static str) -> Measurement {
        // The kernel gives whole nanoseconds: an empty program may take none.
        let ratios = self.empty.iter().zip(&self.ns).map(|(empty, ns)| ns.max(1.0) / empty.max(1.0));
        Measurement {
            program: program.to_owned(),
            packet,
            ns: median(self.ns.clone()),
            ratio: (median(ratios.collect()) * 100.0).round() / 100.0,
            ns_min: self.ns.iter().copied().reduce(f64::min).unwrap_or(0.0),
            ns_max: self.ns.iter().copied().reduce(f64::max).unwrap_or(0.0),
        }
    }
}

/// All runs of the empty program, compared with themselves.
pub(super) fn empty(all: &[Rounds]) -> Rounds {
    let ns: Vec<f64> = all.iter().flat_map(|rounds| rounds.empty.iter().copied()).collect();
    Rounds { empty: ns.clone(), ns }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    let middle = times.len() / 2;
    let upper = times.get(middle).copied().unwrap_or(0.0);
    if times.len() % 2 == 1 {
        return upper;
    }
    let lower = middle.checked_sub(1).and_then(|at| times.get(at).copied());
    lower.map_or(upper, |lower| f64::midpoint(lower, upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_round_is_compared_with_its_own_empty_program() {
        let mut rounds = Rounds::default();
        // The machine was twice as slow in the second round; the program always takes 1.5 times as long.
        [(40.0, 60.0), (80.0, 120.0), (42.0, 63.0)].into_iter().for_each(|(a, b)| rounds.add(a, b));
        let row = rounds.row("p", "packet");
        assert_eq!((row.ns, row.ratio, row.ns_min, row.ns_max), (63.0, 1.5, 60.0, 120.0));
        let all = empty(&[rounds.clone(), rounds]).row("mtut_empty", "packet");
        assert_eq!((all.ns, all.ratio), (42.0, 1.0));
    }

    #[test]
    fn nothing_and_zeros_divide_nothing() {
        let mut zeros = Rounds::default();
        zeros.add(0.0, 0.0);
        assert_eq!((zeros.row("p", "q").ns, zeros.row("p", "q").ratio), (0.0, 1.0));
        assert_eq!(Rounds::default().row("p", "q").ratio, 0.0);
        assert_eq!(median(vec![4.0, 1.0, 3.0, 2.0]), 2.5);
    }
}
