//! Which standing mismatches somebody asked for.
use super::{Filter, matched, select};
use crate::model::{Affected, Node, StandingMismatch};

/// The mismatch as far as it was asked for, with those alone whom it was asked about; nothing if it was not.
pub(crate) fn standing(
    filter: &Filter,
    mut mismatch: StandingMismatch,
    node: &Node,
) -> Option<StandingMismatch> {
    // It is of no flow.
    if filter.expression.is_some() {
        return None;
    }
    let on_path =
        filter.netns.is_empty() || mismatch.path.iter().any(|hop| filter.netns.contains(&hop.netns));
    let on_interface = {
        let ends = [&mismatch.culprit.interface, &mismatch.bottleneck.interface];
        let mut all = mismatch.path.iter().map(|hop| &hop.interface).chain(ends);
        filter.interfaces.is_empty() || all.any(|name| filter.interfaces.contains(name))
    };
    if !on_interface {
        return None;
    }
    mismatch.affected.retain(|one: &Affected| {
        select::container(filter, one.container.as_ref())
            && (on_path || filter.netns.contains(&one.netns))
            && (filter.hosts.is_empty() || matched::has_address(filter, one.netns, node))
    });
    (!mismatch.affected.is_empty()).then_some(mismatch)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Device, NetnsId, Severity};
    use crate::testing::node::incident;
    use test_case::test_case;

    fn mismatch(node: &Node) -> StandingMismatch {
        let device =
            |interface: &str, mtu| Device { interface: interface.to_owned(), netns: NetnsId(2), mtu };
        let affected = |netns| Affected {
            netns: NetnsId(netns),
            container: node.container(NetnsId(netns)).cloned(),
            name: String::new(),
        };
        StandingMismatch {
            severity: Severity::Warning,
            affected: vec![affected(2), affected(3)],
            family: None,
            destinations: Vec::new(),
            culprit: device("docker0", 1500),
            should_be: 1450,
            bottleneck: device("eth0", 1450),
            overhead: None,
            path: Vec::new(),
            summary: String::new(),
            fix: Vec::new(),
        }
    }

    #[test_case(Filter::default(), &[2, 3]; "no filter")]
    #[test_case(Filter { containers: vec!["build".to_owned()], ..Filter::default() }, &[3]; "a container")]
    #[test_case(Filter { containers: vec!["web".to_owned()], ..Filter::default() }, &[]; "another container")]
    #[test_case(Filter { netns: vec![NetnsId(2)], ..Filter::default() }, &[2]; "a namespace")]
    #[test_case(Filter { interfaces: vec!["docker0".to_owned()], ..Filter::default() }, &[2, 3]; "the wrong device")]
    #[test_case(Filter { interfaces: vec!["cni0".to_owned()], ..Filter::default() }, &[]; "another device")]
    #[test_case(Filter { hosts: vec!["172.17.0.2/32".parse().unwrap()], ..Filter::default() }, &[3]; "an address")]
    fn what_passes(filter: Filter, expected: &[u32]) {
        let node = incident().0;
        let passed = standing(&filter, mismatch(&node), &node);
        let netns: Vec<u32> = passed.into_iter().flat_map(|m| m.affected).map(|one| one.netns.0).collect();
        assert_eq!(netns, expected);
    }
}
