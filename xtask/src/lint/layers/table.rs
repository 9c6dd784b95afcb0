//! Reads the tables of layers: one for each package that has one, between two comments.
//!
//! `<!-- layers -->` begins that of `mtutrace/src`, `<!-- layers xtask/src -->` that of another package.

use std::path::PathBuf;

use anyhow::{Context, Result, bail, ensure};

/// Where the tables are.
pub(in super::super) const DOCUMENT: &str = "docs/ARCHITECTURE.md";

/// The package that must have a table, and need not be named.
pub(in super::super) const REQUIRED: &str = "mtutrace/src";

const BEGIN: &str = "<!-- layers";
const END: &str = "<!-- /layers -->";

const COLUMNS: [&str; 3] = ["layer", "folder", "may use"];

/// The layers of one package, from the top down.
#[derive(Debug)]
pub(in super::super) struct Table {
    /// The folder whose modules have rows, e.g. `mtutrace/src`.
    pub(in super::super) source: PathBuf,
    pub(super) line: usize,
    pub(super) rows: Vec<Row>,
}

#[derive(Debug)]
pub(super) struct Row {
    pub(super) line: usize,
    /// As it stands in the table: `diagnosis/`, or `main.rs` for a module without a folder.
    pub(super) folder: String,
    pub(super) may: May,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum May {
    /// Whatever has a row further down.
    AllBelow,
    These(Vec<String>),
}

impl Table {
    /// Whether the module of `row` may use `other`.
    pub(super) fn allows(&self, row: &Row, other: &str) -> bool {
        match &row.may {
            May::These(listed) => listed.iter().any(|listed| listed == other),
            May::AllBelow => self.rows.iter().any(|below| below.line > row.line && below.folder == other),
        }
    }
}

/// All tables of the document.
pub(in super::super) fn tables(text: &str) -> Result<Vec<Table>> {
    let mut tables = Vec::new();
    let mut lines = text.lines().zip(1..);
    while let Some((begin, line)) = lines.next() {
        let Some(rest) = begin.trim().strip_prefix(BEGIN) else { continue };
        let source = rest.trim_end_matches("-->").trim();
        let source = PathBuf::from(if source.is_empty() { REQUIRED } else { source });
        let mut table = Table { source, line, rows: Vec::new() };
        let mut ended = false;
        let mut heads = 0;
        for (text, line) in lines.by_ref() {
            if text.trim() == END {
                ended = true;
                break;
            }
            if text.trim().is_empty() {
                continue;
            }
            let cells = cells(text).with_context(|| format!("{DOCUMENT}:{line}: no row of three cells"))?;
            match heads {
                0 => ensure!(cells == COLUMNS, "{DOCUMENT}:{line}: the columns are {}", COLUMNS.join(", ")),
                1 => {}
                _ => table.rows.push(row(cells, line)?),
            }
            heads += 1;
        }
        ensure!(ended, "{DOCUMENT}:{}: no {END} ends this table", table.line);
        tables.push(table);
    }
    Ok(tables)
}

fn cells(line: &str) -> Option<[&str; 3]> {
    let inner = line.trim().strip_prefix('|')?.strip_suffix('|')?;
    inner.split('|').map(str::trim).collect::<Vec<_>>().try_into().ok()
}

fn row([_, folder, may]: [&str; 3], line: usize) -> Result<Row> {
    let folder =
        quoted(folder).with_context(|| format!("{DOCUMENT}:{line}: a folder stands in backticks"))?;
    let may = match may {
        "nothing" => May::These(Vec::new()),
        "all below" => May::AllBelow,
        list => match list.split(',').map(quoted).collect() {
            Some(listed) => May::These(listed),
            None => bail!(
                "{DOCUMENT}:{line}: what {folder} may use: folders in backticks, `nothing` or `all below`"
            ),
        },
    };
    Ok(Row { line, folder, may })
}

fn quoted(cell: &str) -> Option<String> {
    let name = cell.trim().strip_prefix('`')?.strip_suffix('`')?;
    (!name.is_empty() && !name.contains('`')).then(|| name.to_owned())
}
