//! Which hook saw which cause on which kernel: the table that this project promises.

use std::collections::{BTreeMap, BTreeSet};

use super::{Column, Table};
use crate::results::Results;
use crate::results::seen::Seen;

/// What a cell says when its kernel reported nothing.
const NOT_RUN: &str = "NOT RUN";
/// Longer reasons go below the table.
const INLINE: usize = 24;

/// Every cause that any kernel reported.
fn names(columns: &[Column]) -> BTreeSet<&String> {
    columns.iter().flat_map(|column| column.results.causes.keys()).collect()
}

/// Causes that were not reported here but elsewhere.
pub(crate) fn not_run<'a>(columns: &'a [Column], here: &Results) -> Vec<&'a String> {
    names(columns).into_iter().filter(|name| !here.causes.contains_key(*name)).collect()
}

/// Causes × kernels, with its footnotes.
pub(crate) fn table(columns: &[Column]) -> String {
    let mut table = Table::new("cause", columns);
    let mut notes = BTreeMap::new();
    let mut in_order = Vec::new();
    for name in names(columns) {
        let cells = columns.iter().map(|column| match column.results.causes.get(name) {
            None => NOT_RUN.to_owned(),
            Some(Seen::By(hooks)) => join(hooks, ", "),
            Some(Seen::Not(reasons)) => {
                let reason = join(reasons, "; ");
                if reason.chars().count() <= INLINE {
                    return format!("no: {reason}");
                }
                let number = *notes.entry(reason.clone()).or_insert_with(|| {
                    in_order.push(reason);
                    in_order.len()
                });
                format!("no ({number})")
            }
        });
        table.row(name, cells.collect::<Vec<_>>());
    }
    let notes = in_order.iter().zip(1..).map(|(reason, number)| format!("\n({number}) {reason}\n"));
    table.to_string() + &notes.collect::<String>()
}

fn join(words: &BTreeSet<String>, with: &str) -> String {
    words.iter().map(String::as_str).collect::<Vec<_>>().join(with)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(title: &str, lines: &[&str]) -> Column {
        let mut results = Results::default();
        lines.iter().for_each(|line| results.cause(line));
        Column { title: title.to_owned(), results }
    }

    #[test]
    fn what_one_scenario_saw_is_seen() {
        let one = column("k", &["@cause a\t- no", "@cause a\tx", "@cause a\t- never", "@cause a\ty"]);
        assert_eq!(one.results.causes["a"], Seen::By(BTreeSet::from(["x".to_owned(), "y".to_owned()])));
        let bad = column("k", &["@cause a"]);
        assert!(!bad.results.good(), "a line that cannot be read is a failure");
    }

    #[test]
    fn no_cell_is_empty_and_long_reasons_are_footnotes() {
        let long = "@cause b\t- the classifier sees it before DNAT has changed it";
        let columns = [
            column("6.1", &["@cause a\ttc:ingress", long, "@cause c\t- no kprobes"]),
            column("5.10", &["@cause a\t- another reason, which is long as well", long]),
        ];
        let text = table(&columns);
        let rows = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
        let expected = [
            "| cause | 6.1 | 5.10 |",
            "| --- | --- | --- |",
            "| a | tc:ingress | no (1) |",
            "| b | no (2) | no (2) |",
            "| c | no: no kprobes | NOT RUN |",
            "",
            "(1) another reason, which is long as well",
            "",
            "(2) the classifier sees it before DNAT has changed it",
        ];
        assert_eq!(rows.collect::<Vec<_>>(), expected);
        assert_eq!(not_run(&columns, &columns[1].results), ["c"]);
        assert!(not_run(&columns, &columns[0].results).is_empty());
    }
}
