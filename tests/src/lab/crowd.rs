//! Many containers on one node: how a look at the node grows with it.
//!
//! ```text
//! wire ── uplink hub br0 (narrow) ── port ── eth0 pod
//!                hub br1 ─────────── port ── net1 pod
//! ```

use std::fmt::Write;

use anyhow::Result;

use super::container::{Container, docker};
use super::name;
use super::netns::NetNs;

/// A node and its containers, each with two veth pairs to bridges of the node. Fields are dropped in this order.
#[derive(Debug)]
pub struct Crowd {
    /// The containers; each one's own MTU is larger than the bridge's.
    pub pods: Vec<Container>,
    /// What they hang on.
    pub hub: NetNs,
    prefix: String,
    /// Containers that there ever were: devices of those that are gone stay for a moment.
    born: usize,
}

impl Crowd {
    /// MTU of the containers.
    pub const OWN_MTU: u32 = 1500;
    /// MTU of the way out.
    pub const WAY_MTU: u32 = 1450;

    /// Builds it with at most 65,000 containers.
    pub fn build(count: usize) -> Result<Self> {
        let (prefix, own, way) = (name::prefix(), Self::OWN_MTU, Self::WAY_MTU);
        let hub = NetNs::create(&format!("{prefix}-hub"))?;
        hub.sysctl("net/ipv4/ip_forward", "1")?;
        hub.ip(&format!(
            "link add uplink mtu {way} type veth peer name wire\nlink set wire up\naddress add 192.0.2.2/24 dev uplink\nlink set uplink up\n\
             route add default via 192.0.2.1\n\
             link add br0 mtu {way} type bridge\naddress add 10.42.0.1/16 dev br0\nlink set br0 up\n\
             link add br1 mtu {own} type bridge\nlink set br1 up\n"
        ))?;
        let mut crowd = Self { pods: Vec::new(), hub, prefix, born: 0 };
        crowd.add(count)?;
        Ok(crowd)
    }

    /// Adds containers to those that are there. Once some were dropped from the end of `pods`, their addresses are used
    /// again.
    pub fn add(&mut self, count: usize) -> Result<()> {
        let (own, way, first) = (Self::OWN_MTU, Self::WAY_MTU, self.pods.len());
        let mut devices = String::new();
        for number in first..first + count {
            let born = self.born;
            self.born += 1;
            let netns = NetNs::create(&format!("{}-pod{born}", self.prefix))?;
            for (bridge, device, mtu) in [("br0", "eth0", own), ("br1", "net1", own)] {
                let port = format!("{bridge}p{born}");
                writeln!(
                    devices,
                    "link add {port} mtu {mtu} type veth peer name {device} mtu {mtu} netns {}\n\
                     link set {port} master {bridge}\nlink set {port} up",
                    netns.name()
                )?;
            }
            self.pods.push(docker(netns, &format!("10.42.{}.{}", 1 + number / 250, 1 + number % 250))?);
        }
        // A bridge takes the smallest MTU of its ports, unless its own was set.
        writeln!(devices, "link set br0 mtu {way}")?;
        self.hub.ip(&devices)?;
        for pod in &self.pods[first..] {
            pod.netns.ip(&format!(
                "address add {}/16 dev eth0\nlink set eth0 up\nlink set net1 up\nroute add default via 10.42.0.1",
                pod.address
            ))?;
        }
        Ok(())
    }
}
