//! The two paths that packets are sent along: a nested one and a flat one. Everything fits: what is measured is the cost of
//! ordinary traffic.

use anyhow::Result;

use super::load::{Line, Sink};
use crate::lab::bridged::{Bridged, BridgedSpec};
use crate::lab::incident::{Incident, IncidentSpec, SERVER};
use crate::lab::netns::NetNs;
use crate::lab::place::Place;
use crate::lab::routed::Family;

const MTU: u32 = 1500;

/// A lab with a sink at its end.
#[derive(Debug)]
pub(super) struct Path {
    _sink: Sink,
    lab: Lab,
}

#[derive(Debug)]
enum Lab {
    Nested(Box<Incident>),
    Flat(Box<Bridged>),
}

impl Path {
    /// container – docker0 – pod – cni0 – uplink – server, with NAT in the pod and on the node.
    pub(super) fn nested() -> Result<Self> {
        let healthy =
            IncidentSpec { inner_mtu: MTU, pod_mtu: MTU, icmp_filtered: false, ..IncidentSpec::default() };
        Self::with(Lab::Nested(Box::new(Incident::build(healthy)?)))
    }

    /// Two containers on one bridge.
    pub(super) fn flat() -> Result<Self> {
        Self::with(Lab::Flat(Box::new(Bridged::build(BridgedSpec::all(MTU))?)))
    }

    fn with(lab: Lab) -> Result<Self> {
        let end = match &lab {
            Lab::Nested(lab) => &lab.server,
            Lab::Flat(lab) => &lab.b.netns,
        };
        Ok(Self { _sink: Sink::start(end)?, lab })
    }

    /// What tables call it.
    pub(super) fn name(&self) -> &'static str {
        match &self.lab {
            Lab::Nested(_) => "nested",
            Lab::Flat(_) => "flat",
        }
    }

    pub(super) fn line(&self) -> Line<'_> {
        match &self.lab {
            Lab::Nested(lab) => Line { from: lab.inner.place(), to: &lab.server, address: SERVER },
            Lab::Flat(lab) => {
                Line { from: lab.a.place(), to: &lab.b.netns, address: lab.b_address(Family::V4) }
            }
        }
    }

    /// The namespaces in which somebody would look at its devices, the node's own first.
    pub(super) fn looked_into(&self) -> Vec<Place<'_>> {
        let namespaces: Vec<&NetNs> = match &self.lab {
            Lab::Nested(lab) => vec![&lab.node, &lab.pod.netns],
            Lab::Flat(lab) => vec![&lab.switch],
        };
        namespaces.into_iter().map(Place::host).collect()
    }
}
