//! Two hosts on one bridge, in both families.
//!
//! ```text
//! host A eth0 ── toa [br0] tob ── eth0 host B
//! ```

use std::path::Path;

use anyhow::Result;

use super::container::{self, Container};
use super::name;
use super::netns::NetNs;
use super::routed::{Family, await_datagram};

/// The bridge's ports.
pub const PORTS: [&str; 2] = ["toa", "tob"];

/// MTUs along the way, at least 1280 each.
#[derive(Debug, Clone, Copy)]
pub struct BridgedSpec {
    /// A's device.
    pub a: u32,
    /// The port towards A.
    pub port_a: u32,
    /// The bridge's own.
    pub bridge: u32,
    /// The port towards B.
    pub port_b: u32,
    /// B's device.
    pub b: u32,
}

impl BridgedSpec {
    /// The same everywhere.
    pub fn all(mtu: u32) -> Self {
        Self { a: mtu, port_a: mtu, bridge: mtu, port_b: mtu, b: mtu }
    }
}

/// A built lab.
#[derive(Debug)]
pub struct Bridged {
    /// The sender.
    pub a: Container,
    /// The receiver; nothing listens there.
    pub b: Container,
    /// Where the bridge is.
    pub switch: NetNs,
}

impl Bridged {
    /// Builds it, and waits until a small datagram of each family has arrived.
    pub fn build(spec: BridgedSpec) -> Result<Self> {
        let prefix = name::prefix();
        let netns = |role: &str| NetNs::create(&format!("{prefix}-{role}"));
        let (a, b, switch) = (netns("a")?, netns("b")?, netns("switch")?);
        switch.ip(&format!("link add br0 mtu {} type bridge\nlink set br0 up", spec.bridge))?;
        let [to_a, to_b] = PORTS;
        for (host, port, number, host_mtu, mtu) in
            [(&a, to_a, 2, spec.a, spec.port_a), (&b, to_b, 3, spec.b, spec.port_b)]
        {
            switch.ip(&format!(
                "link add {port} mtu {mtu} type veth peer name eth0 mtu {host_mtu} netns {}\n\
                 link set {port} master br0\nlink set {port} up",
                host.name()
            ))?;
            host.ip(&format!(
                "address add 10.2.0.{number}/24 dev eth0\naddress add 2001:db8::{number}/64 dev eth0\n\
                 link set eth0 up"
            ))?;
        }
        bridge_netfilter(&switch, false)?;
        // Ports give a bridge their smallest MTU, unless somebody has set its own.
        switch.ip(&format!("link set br0 mtu {}", spec.bridge))?;
        let a = container::docker(a, "10.2.0.2")?;
        let b = container::docker(b, "10.2.0.3")?;
        let lab = Self { a, b, switch };
        for family in [Family::V4, Family::V6] {
            await_datagram(&lab.a, &lab.b.netns, family, lab.b_address(family))?;
        }
        Ok(lab)
    }

    /// B's address.
    pub fn b_address(&self, family: Family) -> &'static str {
        match family {
            Family::V4 => "10.2.0.3",
            Family::V6 => "2001:db8::3",
        }
    }

    /// All of its namespaces.
    pub fn namespaces(&self) -> [&NetNs; 3] {
        [&self.a.netns, &self.switch, &self.b.netns]
    }
}

/// Shows the packets of the bridges of a namespace to its IP firewall, or not; false where the kernel cannot do that.
/// Where it can, it does so unless told otherwise, and br_netfilter has another idea of what is too big.
pub fn bridge_netfilter(netns: &NetNs, on: bool) -> Result<bool> {
    let able = netns.enter(|| Path::new("/proc/sys/net/bridge/bridge-nf-call-iptables").exists())?;
    if able {
        for key in ["net/bridge/bridge-nf-call-iptables", "net/bridge/bridge-nf-call-ip6tables"] {
            netns.sysctl(key, if on { "1" } else { "0" })?;
        }
    }
    Ok(able)
}
