//! Lengths, names and places of files.

use super::repository::Repository;

#[test]
fn long_files_are_errors() {
    let repository = Repository::new("", &[("main.rs", &"fn f() {}\n".repeat(401))]);
    repository.write("mtutrace/target/long.rs", &"\n".repeat(500));
    repository.write("mtutrace/long.txt", &"\n".repeat(500));
    assert_eq!(repository.errors(), ["mtutrace/src/main.rs: 401 lines; at most 400"]);
}

#[test]
fn a_package_has_one_module_style() {
    let rows = ["a", "b", "c"].map(|name| format!("| | `{name}/` | nothing |")).join("\n");
    let repository = Repository::new(
        &rows,
        &[
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a/mod.rs", "mod x;"),
            ("a/x.rs", ""),
            ("b/mod.rs", "mod x;"),
            ("b/x.rs", ""),
            ("c.rs", "mod x;"),
            ("c/x.rs", ""),
        ],
    );
    assert_eq!(repository.errors(), ["mtutrace: modules are mostly x/mod.rs, but not mtutrace/src/c.rs"]);
    repository.write("xtask/Cargo.toml", "");
    repository.write("xtask/src/main.rs", "mod a;");
    repository.write("xtask/src/a.rs", "mod x;");
    repository.write("xtask/src/a/x.rs", "");
    repository.write("xtask/tests/shared/mod.rs", "");
    repository.write("xtask/tests/one.rs", "mod shared;");
    assert_eq!(repository.errors().len(), 1);
}

#[test]
fn strays_are_errors() {
    let rows = "| a | `a.rs` | nothing |\n| b | `b.rs` | nothing |";
    let files = [("lib.rs", "mod a; mod b;"), ("main.rs", ""), ("a.rs", ""), ("b.rs", "")];
    let repository = Repository::new(rows, &files);
    repository.write("notes.txt", "");
    repository.write(".typos.toml", "");
    let expected = [
        "notes.txt: not at the root of the repository (xtask/src/lint/files.rs lists what is)",
        "mtutrace/src: 4 files at its root; at most 3, the others in folders",
    ];
    assert_eq!(repository.errors(), expected);
}
