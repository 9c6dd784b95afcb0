//! How setup says what it found or does.

/// One line: a thing, and its state.
pub(super) fn step(what: &str, state: &str) {
    println!("setup: {what}: {state}");
}
