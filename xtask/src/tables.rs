//! What was found, × kernels, in Markdown.

pub(crate) mod causes;

use std::collections::BTreeSet;
use std::fmt;

use crate::results::Results;

/// One kernel and what it showed.
pub(crate) struct Column {
    /// Its release, as `uname -r` says it.
    pub(crate) title: String,
    pub(crate) results: Results,
}

/// A table in Markdown, padded so that it can be read on a terminal, too.
pub(crate) struct Table(Vec<Vec<String>>);

impl Table {
    /// A table whose rows are of some kind of thing.
    pub(crate) fn new(what: &str, columns: &[Column]) -> Self {
        Self::of(what, columns.iter().map(|column| column.title.as_str()))
    }

    /// The same with any columns.
    pub(crate) fn of<'a>(what: &str, columns: impl Iterator<Item = &'a str> + Clone) -> Self {
        let mut table = Self(Vec::new());
        table.row(what, columns.clone().map(str::to_owned));
        table.row("---", columns.map(|_| "---".to_owned()));
        table
    }

    /// Adds a row.
    pub(crate) fn row(&mut self, name: &str, cells: impl IntoIterator<Item = String>) {
        let cells = std::iter::once(name.to_owned()).chain(cells);
        self.0.push(cells.map(|cell| cell.replace('|', "\\|").replace('\n', " ")).collect());
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let width = |number: usize| {
            let cells = self.0.iter().filter_map(|row| row.get(number));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths = (0..self.0.first().map_or(0, Vec::len)).map(width).collect::<Vec<_>>();
        for row in &self.0 {
            for (cell, width) in row.iter().zip(&widths) {
                write!(f, "| {cell:width$} ")?;
            }
            writeln!(f, "|")?;
        }
        Ok(())
    }
}

/// Hooks × kernels: how each turned out.
pub(crate) fn hooks(columns: &[Column]) -> String {
    let mut table = Table::new("hook", columns);
    for hook in columns.iter().flat_map(|column| column.results.hooks.keys()).collect::<BTreeSet<_>>() {
        let state =
            |column: &Column| column.results.hooks.get(hook).map_or("unknown", String::as_str).to_owned();
        table.row(hook, columns.iter().map(state));
    }
    table.to_string()
}

/// Tests × kernels; a test that a kernel never came to is shown as such.
pub(crate) fn tests(columns: &[Column]) -> String {
    let mut table = Table::new("test", columns);
    for name in columns.iter().flat_map(|column| column.results.tests.keys()).collect::<BTreeSet<_>>() {
        let state = |column: &Column| {
            let absent = if column.results.wanted.contains(name) { "not run" } else { "left out" };
            column.results.tests.get(name).map_or(absent, |state| state.word()).to_owned()
        };
        table.row(name, columns.iter().map(state));
    }
    table.to_string()
}

/// A column of what a kernel said, for tests.
#[cfg(test)]
pub(crate) fn column(title: &str, lines: &[&str]) -> Column {
    let mut results = Results::default();
    for line in lines {
        results.line(line);
    }
    Column { title: title.to_owned(), results }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tests_and_hooks_that_a_kernel_lacks() {
        let status = "@@ status {\"hooks\":[{\"hook\":\"tc\",\"state\":\"missing\",\"why\":\"a|b\"}]}";
        let mut columns = [
            column(
                "6.1",
                &[status, "@@ program mismatch", "test one ... ok", "@@ program refusal", "test x ... ok"],
            ),
            column("5.10", &["@@ program mismatch"]),
        ];
        columns[1].results.wanted.insert("mismatch::one".to_owned());
        let text = super::tests(&columns);
        assert!(text.contains("| mismatch::one | ok  | not run  |\n"), "{text}");
        assert!(text.contains("| refusal::x    | ok  | left out |\n"), "{text}");
        let text = hooks(&columns);
        assert!(text.contains("| tc   | missing: a\\|b | unknown |\n"), "{text}");
    }
}
