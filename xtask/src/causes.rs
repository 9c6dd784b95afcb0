//! Which hook saw which cause on which kernel: the table that this project promises.

use std::collections::{BTreeMap, BTreeSet};

use crate::results::Results;
use crate::tables::{Column, Table};

/// How a scenario's line begins, in the file that `MTUTRACE_CAUSES` names.
pub(crate) const MARK: &str = "@cause ";

/// What a cell says when its kernel reported nothing.
const NOT_RUN: &str = "NOT RUN";
/// Longer reasons go below the table.
const INLINE: usize = 24;

/// What one kernel showed of a cause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// The hooks that saw it.
    By(BTreeSet<String>),
    /// None could; why.
    Not(BTreeSet<String>),
}

impl Seen {
    /// Two scenarios of one cause: what one of them saw is seen.
    pub(crate) fn merge(&mut self, other: Seen) {
        match (&mut *self, other) {
            (Self::By(hooks), Self::By(more)) | (Self::Not(hooks), Self::Not(more)) => hooks.extend(more),
            (Self::Not(_), by @ Self::By(_)) => *self = by,
            (Self::By(_), Self::Not(_)) => {}
        }
    }
}

/// Reads `@cause NAME<TAB>HOOK` or `@cause NAME<TAB>- REASON`.
pub(crate) fn parse(line: &str) -> Option<(String, Seen)> {
    let (name, rest) = line.strip_prefix(MARK)?.split_once('\t')?;
    let (name, rest) = (name.trim(), rest.trim());
    let seen = match rest.strip_prefix('-') {
        Some(reason) => Seen::Not(BTreeSet::from([reason.trim().to_owned()])),
        None => Seen::By(BTreeSet::from([rest.to_owned()])),
    };
    let empty = name.is_empty() || matches!(rest, "" | "-");
    (!empty).then(|| (name.to_owned(), seen))
}

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
    fn hooks_and_reasons() {
        let by = |hook: &str| Seen::By(BTreeSet::from([hook.to_owned()]));
        assert_eq!(parse("@cause ttl\traw_tp:kfree_skb"), Some(("ttl".to_owned(), by("raw_tp:kfree_skb"))));
        assert_eq!(parse("@cause a cause \t tc:ingress \r"), Some(("a cause".to_owned(), by("tc:ingress"))));
        let not = Seen::Not(BTreeSet::from(["no kprobes".to_owned()]));
        assert_eq!(parse("@cause ttl\t- no kprobes"), Some(("ttl".to_owned(), not)));
        for bad in ["@cause ttl", "@cause ttl\t", "@cause ttl\t-", "@cause \ttc", "ttl\ttc", ""] {
            assert_eq!(parse(bad), None, "{bad:?}");
        }
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
