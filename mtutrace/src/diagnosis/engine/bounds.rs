//! What is remembered stays within its bounds.
use std::cell::Cell;

use super::tests::{SERVER, node, too_big};
use super::*;
use crate::diagnosis::attribution::tests::{event, flow};

#[test]
fn one_flow_more_than_are_remembered_does_not_make_all_of_them_forgotten() {
    struct Asked(Cell<usize>);
    impl Connections for Asked {
        fn inner_flow(&self, _pid: u32, _outer: Flow) -> Option<Flow> {
            self.0.set(self.0.get() + 1);
            None
        }
    }
    let (mut engine, node, tables) = (Engine::default(), node(), Asked(Cell::new(0)));
    let mut drop_of = |n: usize| {
        let pod = format!("10.42.0.108:{n}");
        engine.event(event(1, flow(SERVER, &pod), too_big(DropCause::Forward)), &node, &tables);
    };
    (0..=ATTRIBUTIONS).for_each(&mut drop_of);
    let before = tables.0.get();
    // The oldest had to go; all others are known.
    (1..=ATTRIBUTIONS).for_each(&mut drop_of);
    assert_eq!((before, tables.0.get() - before), (ATTRIBUTIONS + 1, 0));
}
