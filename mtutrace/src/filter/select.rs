//! Which events and verdicts somebody asked for.
use std::collections::{BTreeMap, BTreeSet};

use super::matched;
use super::nearest::{Known, nearest};
use crate::filter::{Filter, PodName};
use crate::model::{AttributedEvent, Container, DeviceId, Link, NetnsId, Node, Tally, Verdict};

/// What a filter names and the node does not have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnknownTarget {
    /// An interface.
    #[error("no interface {name:?} in any network namespace; known: {known}")]
    Interface {
        /// As it was asked for.
        name: String,
        /// The nearest of those that there are.
        known: String,
    },
    /// A network namespace.
    #[error("no network namespace {netns}; known: {known}")]
    Netns {
        /// As it was asked for.
        netns: NetnsId,
        /// The nearest of those that there are.
        known: String,
    },
}

/// Checks a filter against the node.
///
/// # Errors
/// When an interface or a namespace is not there; the message lists the nearest that are.
pub(crate) fn check(filter: &Filter, node: &Node) -> Result<(), UnknownTarget> {
    let links = || node.netns.values().flat_map(|n| n.links.values()).map(|l| l.name.as_str());
    let known: BTreeSet<&str> = links().collect();
    if let Some(name) = filter.interfaces.iter().find(|name| !known.contains(name.as_str())) {
        let known = nearest(&[name], known.into_iter().map(Known::plain).collect());
        return Err(UnknownTarget::Interface { name: name.clone(), known });
    }
    if let Some(netns) = filter.netns.iter().find(|netns| !node.netns.contains_key(netns)) {
        let list = node.netns.keys().map(|netns| Known::plain(&netns.to_string())).collect();
        return Err(UnknownTarget::Netns { netns: *netns, known: nearest(&[&netns.to_string()], list) });
    }
    Ok(())
}

/// Whether a container was asked for.
pub(super) fn container(filter: &Filter, container: Option<&Container>) -> bool {
    let is_any = |wanted: &dyn Fn(&Container) -> bool| container.is_some_and(wanted);
    (filter.containers.is_empty() || is_any(&|c| filter.containers.iter().any(|p| c.is_within(p))))
        && (filter.pods.is_empty()
            || is_any(&|c| filter.pods.iter().any(|p| c.is_in_pod(&p.namespace, &p.name))))
}

/// Whether an event passes.
pub(crate) fn event(filter: &Filter, charged: &AttributedEvent, node: &Node) -> bool {
    let event = &charged.event;
    // A flow is a matter of the packet alone: cheap, and asked first.
    if !matched::event(filter, charged, node) {
        return false;
    }
    // Where it was seen, and where it was to go: the device that is too small is usually the second.
    let devices = event.device().into_iter().chain(event.egress_device());
    let mut names = devices.filter_map(|d| node.link(d)).map(|l| &l.name);
    container(filter, charged.container.as_ref())
        && (filter.netns.is_empty()
            || filter.netns.contains(&event.netns)
            || charged.owner.is_some_and(|o| filter.netns.contains(&o)))
        && (filter.interfaces.is_empty() || names.any(|name| filter.interfaces.contains(name)))
}

/// What passes of the counters of `owner`, if any of them do: all, or those of the devices that were asked for.
pub(crate) fn tally(filter: &Filter, owner: NetnsId, mut tally: Tally, node: &Node) -> Option<Tally> {
    if !container(filter, tally.container.as_ref()) {
        return None;
    }
    let owned = filter.netns.is_empty() || filter.netns.contains(&owner);
    if owned && filter.interfaces.is_empty() {
        return Some(tally);
    }
    tally.interfaces.retain(|device, _| {
        (owned || filter.netns.contains(&device.netns))
            && (filter.interfaces.is_empty()
                || node.link(*device).is_some_and(|link| filter.interfaces.contains(&link.name)))
    });
    tally.counters = BTreeMap::new();
    for (signal, count) in tally.interfaces.values().flatten() {
        *tally.counters.entry(*signal).or_default() += count;
    }
    (!tally.counters.is_empty()).then_some(tally)
}

/// Whether the kernel's counters of a namespace pass: they are of no interface, and of no flow.
pub(crate) fn kernel(filter: &Filter, netns: NetnsId, owner: Option<&Container>) -> bool {
    filter.interfaces.is_empty()
        && !filter.is_by_flow()
        && container(filter, owner)
        && (filter.netns.is_empty() || filter.netns.contains(&netns))
}

/// Whether the kernel's counters of a device pass; `owner` is the container of its namespace.
pub(crate) fn device(filter: &Filter, device: DeviceId, owner: Option<&Container>, node: &Node) -> bool {
    let asked_for = |link: &Link| filter.interfaces.contains(&link.name);
    container(filter, owner)
        && !filter.is_by_flow()
        && (filter.netns.is_empty() || filter.netns.contains(&device.netns))
        && (filter.interfaces.is_empty() || node.link(device).is_some_and(asked_for))
}

/// What to say when a container that was asked for is not there: it may still come, or its name is not known.
pub(crate) fn absent(filter: &Filter, node: &Node) -> Option<String> {
    let (absent, known) = absent_of(&filter.containers, &filter.pods, node)?;
    Some(format!("no container {absent} yet: waiting for it; known: {known}"))
}

/// The patterns that no container of the node matches, the pods that none is of, and the nearest of the containers that
/// are there; nothing when none is absent.
pub(crate) fn absent_of(patterns: &[String], pods: &[PodName], node: &Node) -> Option<(String, String)> {
    let known: Vec<&Container> = node.netns.values().flat_map(|n| &n.containers).collect();
    let here = |p: &&String| known.iter().any(|c| c.is_within(p));
    let pod_here = |p: &&PodName| known.iter().any(|c| c.is_in_pod(&p.namespace, &p.name));
    let names: Vec<String> = patterns.iter().filter(|p| !here(p)).cloned().collect();
    let pods = pods.iter().filter(|p| !pod_here(p)).map(|p| format!("{}/{}", p.namespace, p.name));
    let pods: Vec<String> = pods.collect();
    let absent: Vec<String> =
        names.iter().cloned().chain(pods.iter().map(|pod| format!("of pod {pod}"))).collect();
    if absent.is_empty() {
        return None;
    }
    let one = |c: &&Container| {
        let id = c.short_id();
        let shown = c.name.as_ref().map_or_else(|| id.to_owned(), |name| format!("{name} ({id})"));
        let pod = c
            .pod
            .as_ref()
            .and_then(|pod| Some(format!("{}/{}", pod.namespace.as_ref()?, pod.name.as_ref()?)));
        Known { shown, names: c.name.iter().chain([&c.id]).cloned().chain(pod).collect() }
    };
    let wanted: Vec<&str> = names.iter().chain(&pods).map(String::as_str).collect();
    Some((absent.join(", "), nearest(&wanted, known.iter().map(one).collect())))
}

/// Whether a verdict passes: its container, or any device of its path.
pub(crate) fn verdict(filter: &Filter, v: &Verdict) -> bool {
    container(filter, v.container.as_ref())
        && (filter.netns.is_empty() || v.path.iter().any(|hop| filter.netns.contains(&hop.netns)))
        && (filter.interfaces.is_empty()
            || v.path.iter().any(|hop| filter.interfaces.contains(&hop.interface)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SignalKind;
    use crate::testing::node::{id, incident};

    fn only(container: &str) -> Filter {
        Filter { containers: vec![container.to_owned()], ..Filter::default() }
    }

    #[test]
    fn counters_of_others_stay_out() {
        let node = incident().0;
        let mut counters = Tally { container: node.container(NetnsId(3)).cloned(), ..Tally::default() };
        counters.counters.insert(SignalKind::Drop, 1);
        counters.interfaces.entry(id(2, 8)).or_default().insert(SignalKind::Drop, 1);
        assert!(tally(&only("bui"), NetnsId(3), counters.clone(), &node).is_some());
        assert!(tally(&only("pod"), NetnsId(3), counters.clone(), &node).is_none());
        assert!(tally(&only("bui"), NetnsId(9), Tally::default(), &node).is_none());
        let by_netns = |n| Filter { netns: vec![NetnsId(n)], ..Filter::default() };
        assert!(tally(&by_netns(2), NetnsId(3), counters.clone(), &node).is_some());
        assert!(tally(&by_netns(1), NetnsId(3), counters.clone(), &node).is_none());
        let by_name = |n: &str| Filter { interfaces: vec![n.to_owned()], ..Filter::default() };
        assert!(tally(&by_name("veth8"), NetnsId(3), counters.clone(), &node).is_some());
        assert!(tally(&by_name("ens3"), NetnsId(3), counters.clone(), &node).is_none());
    }

    #[test]
    fn counters_of_the_kernel_belong_to_a_namespace_and_to_no_interface() {
        let node = incident().0;
        let passes = |filter: &Filter, netns| kernel(filter, NetnsId(netns), node.container(NetnsId(netns)));
        assert!(passes(&Filter::default(), 1) && passes(&Filter::default(), 3));
        assert_eq!([1, 2, 3].map(|netns| passes(&only("bui"), netns)), [false, false, true]);
        let by_netns = Filter { netns: vec![NetnsId(2)], ..Filter::default() };
        assert_eq!([1, 2, 3].map(|netns| passes(&by_netns, netns)), [false, true, false]);
        let by_name = Filter { interfaces: vec!["docker0".to_owned()], ..Filter::default() };
        assert!(!passes(&by_name, 2));
    }

    #[test]
    fn counters_of_a_device_are_of_its_name_and_of_its_namespace() {
        let node = incident().0;
        let passes = |filter: &Filter, id: DeviceId| device(filter, id, node.container(id.netns), &node);
        let places = [id(1, 2), id(2, 8), id(3, 2)];
        let by_netns = Filter { netns: vec![NetnsId(2)], ..Filter::default() };
        let by_name = Filter { interfaces: vec!["veth8".to_owned()], ..Filter::default() };
        assert_eq!(places.map(|id| passes(&Filter::default(), id)), [true; 3]);
        assert_eq!(places.map(|id| passes(&only("bui"), id)), [false, false, true]);
        assert_eq!(places.map(|id| passes(&by_netns, id)), [false, true, false]);
        assert_eq!(places.map(|id| passes(&by_name, id)), [false, true, false]);
    }

    #[test]
    fn a_container_that_is_not_there_is_told() {
        let node = incident().0;
        assert_eq!(absent(&Filter::default(), &node), None);
        assert_eq!(absent(&only("build"), &node), None);
        let said = absent(&only("web"), &node).unwrap();
        assert!(said.contains("no container web") && said.contains("build, pod"), "{said}");
    }
}
