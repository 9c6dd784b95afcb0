//! Circles that are found.

use super::repository::circles;

#[test]
fn a_planted_circle_is_shown_step_by_step() {
    let found = circles(&[
        ("lib.rs", "mod a;\nmod b;\n"),
        ("a.rs", "use crate::b::Name;\npub struct Other(Name);\n"),
        ("b.rs", "//! b\n\nuse super::a::Other;\npub struct Name(Box<Other>);\n"),
    ]);
    let expected = "circle: 2 files use one another\n
  mtutrace/src/a.rs:1 uses mtutrace/src/b.rs (Name)
  mtutrace/src/b.rs:3 uses mtutrace/src/a.rs (Other)";
    assert_eq!(found, [expected]);
}

#[test]
fn the_shortest_of_several_ways_is_shown_first() {
    let found = circles(&[
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "pub fn a() { crate::b::b() }"),
        ("b.rs", "pub fn b() { crate::c::c(); crate::a::a() }"),
        ("c.rs", "pub fn c() { crate::a::a() }"),
    ]);
    assert_eq!(found.len(), 1);
    assert!(found[0].starts_with("circle: 3 files"), "{}", found[0]);
    assert!(found[0].lines().nth(3).unwrap().contains("b.rs:1 uses mtutrace/src/a.rs (a)"), "{}", found[0]);
}

#[test]
fn a_parent_with_items_of_its_own_is_part_of_a_circle() {
    let found = circles(&[
        ("lib.rs", "mod a;"),
        ("a.rs", "mod child; pub struct Shared; pub fn f() { child::g(Shared) }"),
        ("a/child.rs", "pub fn g(_: super::Shared) {}"),
    ]);
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("a/child.rs:1 uses mtutrace/src/a.rs (Shared)"), "{}", found[0]);
}

#[test]
fn macros_and_attributes_are_searched_as_well() {
    for back in [
        "fn f() { println!(\"{}\", crate::a::VALUE) }",
        "struct S { #[serde(with = \"crate::a::text\")] s: u8 }",
        "#[derive(crate::a::Derive)] struct S;",
        "macro_rules! m { () => { $crate::a::VALUE } }",
        "fn f() { use crate::a::VALUE; }",
        "fn f() -> <u8 as crate::a::Of>::It { 0 }",
        "use super::a; fn f() { a::VALUE }",
        "use crate::a::*; fn f() { VALUE }",
    ] {
        let a = "pub const VALUE: u8 = crate::b::BASE; pub mod text {} pub trait Of {}";
        let found = circles(&[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", a),
            ("b.rs", &format!("pub const BASE: u8 = 1; {back}")),
        ]);
        assert_eq!(found.len(), 1, "{back}");
    }
}

#[test]
fn tests_and_binaries_have_circles_too() {
    let repository =
        super::repository::Repository::new("", &[("main.rs", "mod a; mod b;"), ("a.rs", ""), ("b.rs", "")]);
    repository.write("mtutrace/tests/one/main.rs", "mod x; mod y;");
    repository.write("mtutrace/tests/one/x.rs", "pub fn x() { crate::y::y() }");
    repository.write("mtutrace/tests/one/y.rs", "pub fn y() { crate::x::x() }");
    assert_eq!(repository.errors().iter().filter(|error| error.starts_with("circle")).count(), 1);
}
