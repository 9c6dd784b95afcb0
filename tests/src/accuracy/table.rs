//! What people read after a run.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Display, Formatter, Result};

use super::judge::Outcome;

/// All cases of a run.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// What drew the numbers.
    pub seed: u64,
    /// Seconds.
    pub took: f64,
    /// One for each case.
    pub outcomes: Vec<Outcome>,
    /// Cases that could not be built here, and why.
    pub left_out: Vec<String>,
}

impl Report {
    /// Those that are wrong.
    pub fn wrong(&self) -> impl Iterator<Item = &Outcome> {
        self.outcomes.iter().filter(|one| !one.wrong.is_empty())
    }

    /// Seconds to the verdicts, sorted.
    fn times(&self) -> Vec<f64> {
        let mut times = self.outcomes.iter().filter_map(|one| one.took).collect::<Vec<_>>();
        times.sort_by(f64::total_cmp);
        times
    }

    /// The median of the seconds from the first packet too big to the verdict.
    pub fn median(&self) -> Option<f64> {
        let times = self.times();
        times.get(times.len() / 2).copied()
    }

    /// How often each expected verdict (or none) became which.
    fn confusion(&self, f: &mut Formatter<'_>) -> Result {
        let mut cells: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for one in &self.outcomes {
            *cells.entry((&one.expected, &one.got)).or_default() += 1;
        }
        let columns: BTreeSet<&str> = cells.keys().map(|(_, got)| *got).collect();
        let rows: BTreeSet<&str> = cells.keys().map(|(expected, _)| *expected).collect();
        let width = rows.iter().map(|row| row.len()).max().unwrap_or(0).max("expected".len());
        write!(f, "{:width$}", "expected")?;
        columns.iter().try_for_each(|column| write!(f, "  {column}"))?;
        writeln!(f)?;
        for row in rows {
            write!(f, "{row:width$}")?;
            for column in &columns {
                let count = cells.get(&(row, *column)).map_or("·".to_owned(), usize::to_string);
                write!(f, "  {count:>width$}", width = column.len())?;
            }
            writeln!(f)?;
        }
        Ok(())
    }
}

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.confusion(f)?;
        for one in self.wrong() {
            writeln!(f, "\nwrong: {} ({})\n    {}", one.name, one.numbers, one.wrong.join("\n    "))?;
        }
        let times = self.times();
        if let (Some(median), Some(first), Some(last)) = (self.median(), times.first(), times.last()) {
            writeln!(
                f,
                "\nfrom the first packet too big to the verdict: {first:.2} s at least, {median:.2} s median, {last:.2} s at most ({} faults)",
                times.len()
            )?;
        }
        let tcp = self.outcomes.iter().filter_map(|one| Some((one, one.foreseen?))).collect::<Vec<_>>();
        if !tcp.is_empty() {
            let foreseen = tcp.iter().filter(|(_, foreseen)| *foreseen).count();
            writeln!(f, "foreseen before it: {foreseen} of {} TCP faults", tcp.len())?;
            let missed = tcp.iter().filter(|(_, foreseen)| !foreseen).map(|(one, _)| one.name.as_str());
            let missed = missed.collect::<Vec<_>>().join(", ");
            if !missed.is_empty() {
                writeln!(f, "    not: {missed}")?;
            }
        }
        self.left_out.iter().try_for_each(|one| writeln!(f, "left out: {one}"))?;
        let (all, wrong) = (self.outcomes.len(), self.wrong().count());
        let faults = self.outcomes.iter().filter(|one| one.expected != "none").count();
        write!(
            f,
            "\n{all} cases ({faults} faults, {} healthy) in {:.0} s with seed {}: {wrong} wrong",
            all - faults,
            self.took,
            self.seed
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_and_what_is_wrong() {
        let case = |name: &str, expected: &str, got: &str, took| Outcome {
            name: name.into(),
            expected: expected.into(),
            got: got.into(),
            wrong: if expected == got { Vec::new() } else { vec!["severity is 1".into()] },
            took,
            foreseen: took.map(|took| took > 1.0),
            ..Outcome::default()
        };
        let outcomes = vec![
            case("a", "mtu_mismatch", "mtu_mismatch", Some(0.9)),
            case("b", "mtu_mismatch", "none", Some(1.5)),
            case("c", "none", "none", None),
        ];
        let text = Report { seed: 5, took: 2.0, outcomes, ..Report::default() }.to_string();
        assert!(text.contains("mtu_mismatch             1     1\n"), "{text}");
        assert!(text.contains("wrong: b") && text.contains("0.90 s at least, 1.50 s median"), "{text}");
        assert!(text.contains("foreseen before it: 1 of 2") && text.contains("not: a"), "{text}");
        assert!(text.ends_with("3 cases (2 faults, 1 healthy) in 2 s with seed 5: 1 wrong"), "{text}");
    }
}
