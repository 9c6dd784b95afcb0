//! The paths out of a namespace, and what is wrong with each.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::{Container, Fix, Hop, Mismatch, NetnsId, Node};
use crate::remediation::{self, fixes};
use crate::topology::lookup::{Lookup, lookup};
use crate::topology::{Exits, Unequal, bottleneck, mismatch, odd_port, path};

/// One path out of a namespace: a family's default one, or that to some networks.
#[derive(Clone, Debug)]
pub(crate) struct EgressPath {
    /// `ipv4` or `ipv6`.
    pub(crate) family: &'static str,
    /// To which networks it leads, with their bits; none for the default path.
    pub(crate) networks: Vec<(IpAddr, u8)>,
    /// How many more there are.
    pub(crate) more: usize,
    /// Its own device first.
    pub(crate) hops: Vec<Hop>,
    /// The smallest MTU of the hops, bytes at L3.
    pub(crate) mtu: u32,
    /// It leaves its namespace by the narrowest of several next hops.
    pub(crate) several: bool,
    /// The MSS that the route says to announce (`advmss`).
    pub(crate) advmss: Option<u32>,
    /// What is wrong with it, if anything is.
    pub(crate) mismatch: Option<Mismatch>,
    /// The MTU that the culprit should have, bytes at L3.
    pub(crate) target: u32,
    /// It is no path, but two devices that face each other.
    pub(crate) faces: bool,
}

/// Something wrong with a namespace's network, and what to do.
#[derive(Clone, Debug)]
pub(crate) struct Fault {
    /// The path on which it is, or the two devices that face each other.
    pub(crate) path: EgressPath,
    /// What is wrong.
    pub(crate) mismatch: Mismatch,
    /// The remedies, the best first.
    pub(crate) fixes: Vec<Fix>,
}

/// IPv4's default path, else IPv6's; both when they are not equally good. None if there is no default route.
pub(super) fn defaults(node: &Node, netns: NetnsId) -> Vec<EgressPath> {
    let families = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
    let mut paths: Vec<EgressPath> =
        families.into_iter().filter_map(|any| EgressPath::new(node, netns, any)).collect();
    paths.dedup_by_key(|path| (path.mtu, path.mismatch.is_some()));
    paths
}

/// The other ways out of the namespace, the narrowest first.
pub(super) fn others(
    node: &Node,
    netns: NetnsId,
    defaults: &[EgressPath],
    exits: &mut Exits,
) -> Vec<EgressPath> {
    // The host's own are judged with the containers that use them.
    let hops: Vec<&[Hop]> = defaults.iter().map(|path| path.hops.as_slice()).collect();
    let found = exits.of(node, netns, &hops).into_iter().filter_map(|exit| {
        let path = EgressPath::new(node, netns, exit.to)?;
        Some(EgressPath { networks: exit.networks, more: exit.more, ..path })
    });
    let mut found: Vec<EgressPath> = found.collect();
    found.sort_by_key(|path| path.mtu);
    found
}

/// Each thing that is wrong, once.
pub(super) fn faults(
    node: &Node,
    netns: NetnsId,
    container: Option<&Container>,
    paths: impl Iterator<Item = EgressPath>,
) -> Vec<Fault> {
    let mut found: Vec<Fault> = Vec::new();
    for path in paths {
        let Some(mismatch) = path.mismatch.clone() else { continue };
        // With the smaller number this one is right as well.
        let same = |known: &Fault| {
            known.mismatch.culprit.id() == mismatch.culprit.id()
                && known.mismatch.bottleneck.mtu <= mismatch.bottleneck.mtu
        };
        if !found.iter().any(same) {
            let fixes = remediation::tunnel::fixes_of(&mismatch, node)
                .unwrap_or_else(|| fixes(&mismatch, container, netns, node));
            found.push(Fault { path, mismatch, fixes });
        }
    }
    found
}

/// A device of the namespace that sends more than the one it faces takes.
pub(super) fn facing(node: &Node, netns: NetnsId, pair: &Unequal) -> Option<EgressPath> {
    let mismatch = pair.mismatch(node, netns)?;
    let v4 = node.netns.get(&netns)?.addresses.iter().any(|address| address.ip.is_ipv4());
    Some(EgressPath {
        family: if v4 { "ipv4" } else { "ipv6" },
        networks: Vec::new(),
        more: 0,
        hops: mismatch.path.clone(),
        mtu: mismatch.bottleneck.mtu,
        several: false,
        advmss: None,
        target: target(node, &mismatch),
        mismatch: Some(mismatch),
        faces: true,
    })
}

impl EgressPath {
    fn new(node: &Node, netns: NetnsId, to: IpAddr) -> Option<EgressPath> {
        let hops = path(node, netns, Some(to));
        let mtu = bottleneck(&hops)?.1.mtu;
        let (several, advmss) = match lookup(node.netns.get(&netns)?, Some(to)) {
            Lookup::Out(out) => (out.several, out.advmss),
            _ => (false, None),
        };
        let family = if to.is_ipv4() { "ipv4" } else { "ipv6" };
        let mismatch = mismatch(node, netns, Some(to));
        let target = mismatch.as_ref().map_or(mtu, |m| target(node, m));
        let (networks, more) = (Vec::new(), 0);
        Some(EgressPath {
            family,
            networks,
            more,
            hops,
            mtu,
            several,
            advmss,
            mismatch,
            target,
            faces: false,
        })
    }

    /// The networks that it leads to, as text.
    pub(crate) fn destinations(&self) -> Vec<String> {
        self.networks.iter().map(|(network, bits)| format!("{network}/{bits}")).collect()
    }
}

/// The MTU that the culprit should have: the limit, or what its neighbours carry if it is itself the limit.
fn target(node: &Node, m: &Mismatch) -> u32 {
    let carries = odd_port(node, m.culprit.id()).zip(m.path.first());
    carries.map_or(m.bottleneck.mtu, |(carries, own)| carries.min(own.mtu))
}
