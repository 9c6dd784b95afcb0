//! Which namespace sits where, before any of them is made.

use std::collections::HashMap;

use anyhow::{Context, Result};

use super::address::Seat;
use super::case::{Case, Hop, Plug, Runtime};

/// What sits where.
pub(super) struct Plan<'a> {
    pub(super) case: &'a Case,
    /// For each hop what it is plugged into; nothing: the server.
    pub(super) above: Vec<Option<usize>>,
    pub(super) seats: Vec<Seat>,
    /// Bridges by owner and name: the network on it.
    bridges: HashMap<(Option<usize>, String), usize>,
    networks: usize,
}

impl<'a> Plan<'a> {
    pub(super) fn new(case: &'a Case) -> Self {
        Self { case, above: Vec::new(), seats: Vec::new(), bridges: HashMap::new(), networks: 0 }
    }

    /// Finds a seat for the next hop.
    pub(super) fn place(&mut self, hop: &Hop) -> Result<()> {
        let number = self.above.len();
        let above = match hop.into.as_deref() {
            Some("server") => None,
            Some(name) => Some(self.case.find(name)?),
            None => number.checked_sub(1),
        };
        self.above.push(above);
        let network = match hop.by {
            Plug::Macvlan | Plug::Ipvlan => {
                self.seats[above.context("the server has no eth0 to share")?].network
            }
            Plug::Bridge => {
                let key = (above, self.bridge_name(number));
                *self.bridges.entry(key).or_insert(self.networks)
            }
            _ => self.networks,
        };
        self.networks = self.networks.max(network + 1);
        self.seats.push(Seat { network, host: 2 + number });
        Ok(())
    }

    fn bridge_name(&self, number: usize) -> String {
        let hop = &self.case.hop[number];
        let usual = if hop.runtime == Runtime::Pod { "cni0" } else { "docker0" };
        hop.bridge.as_deref().unwrap_or(usual).to_owned()
    }

    /// The bridge that a hop is plugged into, and whether it is the first one there.
    pub(super) fn bridge(&self, number: usize) -> Option<(String, bool)> {
        let on_bridge = self.case.hop[number].by == Plug::Bridge;
        on_bridge.then(|| (self.bridge_name(number), self.first_in(self.seats[number].network) == number))
    }

    pub(super) fn first_in(&self, network: usize) -> usize {
        self.seats.iter().position(|seat| seat.network == network).unwrap_or(usize::MAX)
    }

    /// The hop that routes for a hop; nothing: the server.
    pub(super) fn router(&self, number: usize) -> Option<usize> {
        let above = self.above[number];
        match self.case.hop[number].by {
            Plug::Macvlan | Plug::Ipvlan => above.and_then(|above| self.router(above)),
            _ => above,
        }
    }
}
