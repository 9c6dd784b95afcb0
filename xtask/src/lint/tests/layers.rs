//! The table of layers, and what it forbids.

use super::repository::Repository;

const HOUSE: [(&str, &str); 5] = [
    ("main.rs", "fn main() { mtutrace::top::run() }"),
    ("lib.rs", "pub mod top; pub mod bottom; #[cfg(test)] mod testing;"),
    ("top/mod.rs", "mod part; pub fn run() { crate::bottom::work(); part::f() }"),
    ("top/part.rs", "pub fn f() {}"),
    ("bottom.rs", "pub fn work() {}"),
];
const ROWS: [&str; 3] = [
    "| entry | `main.rs` | `top/` |",
    "| commands | `top/` | `bottom.rs` |",
    "| data | `bottom.rs` | nothing |",
];

fn errors(rows: &[&str], more: &[(&str, &str)]) -> Vec<String> {
    let files = HOUSE.iter().chain(more).copied().collect::<Vec<_>>();
    Repository::new(&rows.join("\n"), &files).errors()
}

#[test]
fn a_house_in_order_has_no_errors() {
    assert_eq!(errors(&ROWS, &[]), [""; 0]);
    let all = ["| entry | `main.rs` | all below |", ROWS[1], ROWS[2], "| tests | `testing.rs` | nothing |"];
    assert_eq!(errors(&all, &[]), [""; 0]);
}

#[test]
fn an_upward_arrow_is_shown_with_its_line_and_the_row() {
    let found = errors(&ROWS, &[("bottom.rs", "pub fn work() {}\n\npub fn up() { crate::top::run() }")]);
    let expected =
        "mtutrace/src/bottom.rs:3: bottom.rs uses top/ (run), which docs/ARCHITECTURE.md:7 does not allow";
    assert!(found.contains(&expected.to_owned()), "{found:?}");
}

#[test]
fn a_reexport_hides_no_upward_arrow() {
    let up = (
        "bottom.rs",
        "mod deep { pub struct D; pub fn f() -> crate::top::D { D } } pub use deep::D; pub fn work() {}",
    );
    let top = (
        "top/mod.rs",
        "mod part; pub use crate::bottom::D; pub fn run() { crate::bottom::work(); part::f() }",
    );
    let found = errors(&ROWS, &[up, top]);
    assert!(found.iter().any(|error| error.contains("bottom.rs uses top/ (D)")), "{found:?}");
    assert!(!found.iter().any(|error| error.starts_with("circle")), "{found:?}");
}

#[test]
fn the_table_cannot_go_stale() {
    let cases: [(&[&str], &str); 7] = [
        (&ROWS[1..], "docs/ARCHITECTURE.md:2: no row for mtutrace/src/main.rs: `| … | `main.rs` | `top/` |`"),
        (&[ROWS[0], ROWS[1]], "docs/ARCHITECTURE.md:6: top/ may use bottom.rs, which has no row"),
        (
            &[ROWS[0], ROWS[1], ROWS[2], "| old | `gone/` | nothing |"],
            "docs/ARCHITECTURE.md:8: gone/ does not exist in mtutrace/src/",
        ),
        (
            &[ROWS[0], ROWS[2], ROWS[1]],
            "docs/ARCHITECTURE.md:7: top/ may use bottom.rs, which does not stand below it",
        ),
        (&[ROWS[0], ROWS[1], ROWS[2], ROWS[2]], "docs/ARCHITECTURE.md:8: bottom.rs has a row already"),
        (
            &["| entry | `main.rs` | `top/`, `bottom.rs` |", ROWS[1], ROWS[2]],
            "docs/ARCHITECTURE.md:5: main.rs may use bottom.rs, but does not: take it out",
        ),
        (
            &[ROWS[0], "| commands | `top.rs` | `bottom.rs` |", ROWS[2]],
            "docs/ARCHITECTURE.md:6: top.rs does not exist in mtutrace/src/",
        ),
    ];
    for (rows, expected) in cases {
        let found = errors(rows, &[]);
        assert!(found.contains(&expected.to_owned()), "{expected}: {found:?}");
    }
}

#[test]
fn a_table_that_cannot_be_read_says_where() {
    for (rows, expected) in [
        ("| entry | `main.rs` | top |", "docs/ARCHITECTURE.md:5: what main.rs may use"),
        ("| entry | main.rs | nothing |", "docs/ARCHITECTURE.md:5: a folder stands in backticks"),
        ("| entry | `main.rs` |", "docs/ARCHITECTURE.md:5: no row of three cells"),
    ] {
        let text =
            format!("a\n<!-- layers -->\n| layer | folder | may use |\n|-|-|-|\n{rows}\n<!-- /layers -->\n");
        let error = crate::lint::layers::tables(&text).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
    assert!(
        crate::lint::layers::tables("<!-- layers -->\n").unwrap_err().to_string().contains("ends this table")
    );
}

#[test]
fn other_packages_may_have_tables() {
    let repository = Repository::new(&ROWS.join("\n"), &HOUSE);
    repository.write("xtask/Cargo.toml", "[package]\nname = \"xtask\"\n");
    repository.write("xtask/src/main.rs", "mod exec; fn main() { exec::run() }");
    repository.write("xtask/src/exec.rs", "pub fn run() {}");
    assert_eq!(repository.errors(), [""; 0]);
    let head = "| layer | folder | may use |\n|-|-|-|";
    let table = format!("<!-- layers xtask/src -->\n{head}\n| | `main.rs` | nothing |\n<!-- /layers -->\n");
    let own = format!("<!-- layers -->\n{head}\n{}\n<!-- /layers -->\n", ROWS.join("\n"));
    repository.write("docs/ARCHITECTURE.md", &format!("{own}{table}"));
    let found = repository.errors();
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found[0].contains("no row for xtask/src/exec.rs"), "{found:?}");
    assert!(found[1].starts_with("xtask/src/main.rs:1: main.rs uses exec.rs (run)"), "{found:?}");
}

#[test]
fn without_a_table_there_is_a_draft() {
    let repository = Repository::new("", &HOUSE);
    repository.write("docs/ARCHITECTURE.md", "# House\n");
    let rows = "| layer | folder | may use |\n| --- | --- | --- |
| | `main.rs` | `top/` |\n| | `top/` | `bottom.rs` |\n| | `bottom.rs` | nothing |";
    let expected = format!(
        "docs/ARCHITECTURE.md: no table of layers for mtutrace/src; as it is today:\n<!-- layers -->\n{rows}\n<!-- /layers -->"
    );
    assert_eq!(repository.errors(), [expected]);
}
