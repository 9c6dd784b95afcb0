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
    /// MTU of what is added.
    own: u32,
    /// Whether what is added has a second device.
    second: bool,
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
        Self::with(count, Self::OWN_MTU, true)
    }

    /// The same with containers that fit the way out, each with its first device alone.
    pub fn fitting(count: usize) -> Result<Self> {
        Self::with(count, Self::WAY_MTU, false)
    }

    fn with(count: usize, own: u32, second: bool) -> Result<Self> {
        let (prefix, way, wide) = (name::prefix(), Self::WAY_MTU, Self::OWN_MTU);
        // Of the two, the one that nothing of a container passes; where all fit, it does as well.
        let wire = own;
        let hub = NetNs::create(&format!("{prefix}-hub"))?;
        hub.sysctl("net/ipv4/ip_forward", "1")?;
        hub.ip(&format!(
            "link add uplink mtu {way} type veth peer name wire mtu {wire}\nlink set wire up\naddress add 192.0.2.2/24 dev uplink\nlink set uplink up\n\
             route add default via 192.0.2.1\n\
             link add br0 mtu {way} type bridge\naddress add 10.42.0.1/16 dev br0\nlink set br0 up\n\
             link add br1 mtu {wide} type bridge\nlink set br1 up\n"
        ))?;
        let mut crowd = Self { pods: Vec::new(), hub, prefix, own, second, born: 0 };
        crowd.add(count)?;
        Ok(crowd)
    }

    /// Adds containers to those that are there. Once some were dropped from the end of `pods`, their addresses are used
    /// again.
    pub fn add(&mut self, count: usize) -> Result<()> {
        let (own, way, first) = (self.own, Self::WAY_MTU, self.pods.len());
        let devices_each = if self.second { 2 } else { 1 };
        let mut devices = String::new();
        for number in first..first + count {
            let born = self.born;
            self.born += 1;
            let netns = NetNs::create(&format!("{}-pod{born}", self.prefix))?;
            for (bridge, device, mtu) in
                [("br0", "eth0", own), ("br1", "net1", own)].into_iter().take(devices_each)
            {
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
        let second = if self.second { "link set net1 up\n" } else { "" };
        for pod in &self.pods[first..] {
            pod.netns.ip(&format!(
                "address add {}/16 dev eth0\nlink set eth0 up\n{second}route add default via 10.42.0.1",
                pod.address
            ))?;
        }
        Ok(())
    }

    /// Makes the own device of a container, and its port, wider than the way out.
    pub fn widen(&self, pod: usize) -> Result<()> {
        let wide = Self::OWN_MTU;
        self.pods[pod].netns.ip(&format!("link set eth0 mtu {wide}"))?;
        // As long as nothing has left, a container's number is that of its port.
        self.hub.ip(&format!("link set br0p{pod} mtu {wide}\nlink set br0 mtu {}", Self::WAY_MTU))?;
        Ok(())
    }
}
