//! What is no circle: paths lead to where an item is defined, and tests don't count.

use super::repository::circles;

#[test]
fn a_reexport_in_the_parent_is_no_circle() {
    let none = circles(&[
        ("lib.rs", "mod a;"),
        ("a.rs", "mod x; mod y; pub(crate) use x::X; pub(crate) use y::Y;"),
        ("a/x.rs", "pub(crate) struct X;"),
        ("a/y.rs", "use super::X; pub(crate) struct Y(X);"),
    ]);
    assert!(none.is_empty(), "{none:?}");
}

#[test]
fn reexports_are_followed_to_the_end() {
    // x takes Y through two facades, one with a glob and one with another name; it is defined in y, which uses x.
    let found = circles(&[
        ("lib.rs", "mod a; mod b; mod c;"),
        ("a.rs", "pub use crate::b::Renamed as Y;"),
        ("b.rs", "mod y; pub use y::*;"),
        ("b/y.rs", "pub struct Renamed(Box<crate::c::C>);"),
        ("c.rs", "pub struct C(Box<crate::a::Y>);"),
    ]);
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("mtutrace/src/c.rs:1 uses mtutrace/src/b/y.rs (Y)"), "{}", found[0]);
    assert!(!found[0].contains("src/a.rs"), "{}", found[0]);
}

#[test]
fn tests_do_not_count() {
    let none = circles(&[
        ("lib.rs", "mod a; mod b; #[cfg(test)] mod testing;"),
        ("a.rs", "pub struct A;\n#[cfg(test)]\nmod tests;\n#[cfg(test)] use crate::b::B;"),
        ("a/tests.rs", "use super::A; use crate::b::B;"),
        ("b.rs", "pub struct B(crate::a::A); #[cfg(all(test, unix))] fn f() { crate::testing::it() }"),
        ("testing.rs", "use crate::b::B; pub fn it() {}"),
    ]);
    assert!(none.is_empty(), "{none:?}");
}

#[test]
fn declaring_and_naming_a_module_is_not_using_it() {
    let none = circles(&[
        ("lib.rs", "pub mod a; pub mod b; pub struct Root;"),
        ("a.rs", "use crate::b; pub(in crate::a) struct A; pub(super) struct C(b::x::X);"),
        ("b.rs", "pub mod x; pub use crate::a::C;"),
        ("b/x.rs", "pub struct X; impl X { fn a(&self) { let a = 1; self.a(); a } }"),
    ]);
    assert!(none.is_empty(), "{none:?}");
}

#[test]
fn inline_modules_belong_to_their_file() {
    let none = circles(&[
        ("lib.rs", "mod a; mod out { pub(crate) mod inner; }"),
        ("a.rs", "mod inside { use super::A; pub struct B(A); } struct A; fn f(_: inside::B) {}"),
        ("out/inner.rs", "pub fn f() {}"),
    ]);
    assert!(none.is_empty(), "{none:?}");
}

#[test]
fn an_import_of_itself_ends() {
    let none = circles(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "macro_rules! m { () => {} } pub(crate) use m; pub use crate::b::T;"),
        ("b.rs", "pub use crate::a::T; pub use crate::b::*; fn f() { crate::a::m!() }"),
    ]);
    assert!(none.is_empty(), "{none:?}");
}
