//! The order of rows.
use super::*;
use crate::filter::Filter;
use crate::model::{NetnsId, Node, Tally};
use crate::output::Item;

/// Containers with those that they run in, innermost first, and their totals.
fn data(containers: &[(&[&str], u64)]) -> Data {
    let mut data = Data::new(Filter::default());
    let tallies: Vec<(NetnsId, Tally)> = containers
        .iter()
        .zip(2..)
        .map(|((chain, total), netns)| {
            let mut container = Container::new(chain[0]);
            container.parents = chain[1..].iter().map(|id| Container::new(*id)).collect();
            let mut tally = Tally { container: Some(container), ..Tally::default() };
            tally.counters.insert(crate::model::SignalKind::Drop, *total);
            (NetnsId(netns), tally)
        })
        .collect();
    let mut node = Node { host: NetnsId(1), generation: 1, ..Node::default() };
    node.netns.entry(NetnsId(1)).or_default();
    data.take(&Item::Report(&tallies), &node, 1);
    data
}

fn drawn(data: &Data, sort: Sort, filter: &str) -> Vec<String> {
    tree(data, sort, filter).iter().map(|b| format!("{}{}", b.prefix, b.label)).collect()
}

#[test]
fn inner_containers_come_below_the_outer_ones_and_the_host_last() {
    let data = data(&[(&["a"], 1), (&["c", "b"], 2), (&["d", "b"], 9), (&["e", "c", "b"], 3)]);
    let expected = ["b", "├─ d", "└─ c", "   └─ e", "a", "the host"];
    assert_eq!(drawn(&data, Sort::Severity, ""), expected);
    assert_eq!(drawn(&data, Sort::Name, "")[..3], ["a", "b", "├─ c"]);
    assert_eq!(drawn(&data, Sort::Severity, "E"), ["b", "└─ c", "   └─ e", "the host"]);
    assert_eq!(drawn(&data, Sort::Severity, "nobody"), [""; 0]);
}

#[test]
fn two_that_run_in_each_other_are_shown_once() {
    let data = data(&[(&["a", "b"], 1), (&["b", "a"], 2), (&["c", "c"], 3)]);
    let drawn = drawn(&data, Sort::Severity, "");
    let count = |name: &str| drawn.iter().filter(|line| line.ends_with(name)).count();
    assert_eq!((count("a"), count("b"), count("c")), (1, 1, 1), "{drawn:?}");
}
