//! Two hosts and a router between them, in both families.
//!
//! ```text
//! host A eth0 ── toa router tob ── eth0 host B
//! ```

use anyhow::Result;

use super::container::{self, Container};
use super::datagrams::{Discovery, udp_send};
use super::mib::Mib;
use super::netns::NetNs;
use super::{name, wait};

/// Which of the two protocols a scenario is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Family {
    /// The name that events use.
    pub fn name(self) -> &'static str {
        match self {
            Self::V4 => "ipv4",
            Self::V6 => "ipv6",
        }
    }

    /// An address and the port that nobody listens on, as `lab-traffic` takes them.
    pub fn discard(self, address: &str) -> String {
        match self {
            Self::V4 => format!("{address}:9"),
            Self::V6 => format!("[{address}]:9"),
        }
    }

    /// Bytes of the IP header and the UDP header.
    pub fn udp_overhead(self) -> u32 {
        match self {
            Self::V4 => 20 + 8,
            Self::V6 => 40 + 8,
        }
    }
}

/// MTUs along the way, at least 1280 each.
#[derive(Debug, Clone, Copy)]
pub struct RoutedSpec {
    /// Both ends of the link between A and the router.
    pub a: u32,
    /// The router's device towards B.
    pub egress: u32,
    /// B's device.
    pub b: u32,
}

impl Default for RoutedSpec {
    fn default() -> Self {
        Self { a: 1500, egress: 1500, b: 1500 }
    }
}

/// A built lab.
#[derive(Debug)]
pub struct Routed {
    /// The sender.
    pub a: Container,
    /// The receiver; nothing listens there.
    pub b: Container,
    /// What forwards between them.
    pub router: NetNs,
}

impl Routed {
    /// Builds it, and waits until a small datagram of each family has arrived.
    pub fn build(spec: RoutedSpec) -> Result<Self> {
        let prefix = name::prefix();
        let netns = |role: &str| NetNs::create(&format!("{prefix}-{role}"));
        let (a, b, router) = (netns("a")?, netns("b")?, netns("router")?);
        for key in ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"] {
            router.sysctl(key, "1")?;
        }
        for (host, device, net, host_mtu, mtu) in
            [(&a, "toa", 1, spec.a, spec.a), (&b, "tob", 2, spec.b, spec.egress)]
        {
            router.ip(&format!(
                "link add {device} mtu {mtu} type veth peer name eth0 mtu {host_mtu} netns {}\n\
                 address add 10.1.{net}.1/24 dev {device}\naddress add 2001:db8:{net}::1/64 dev {device}\n\
                 link set {device} up",
                host.name()
            ))?;
            host.ip(&format!(
                "address add 10.1.{net}.2/24 dev eth0\naddress add 2001:db8:{net}::2/64 dev eth0\n\
                 link set eth0 up\n\
                 route add default via 10.1.{net}.1\nroute add default via 2001:db8:{net}::1"
            ))?;
        }
        let a = container::docker(a, "10.1.1.2")?;
        let b = container::docker(b, "10.1.2.2")?;
        let lab = Self { a, b, router };
        for family in [Family::V4, Family::V6] {
            await_datagram(&lab.a, &lab.b.netns, family, lab.b_address(family))?;
        }
        Ok(lab)
    }

    /// B's address.
    pub fn b_address(&self, family: Family) -> &'static str {
        match family {
            Family::V4 => "10.1.2.2",
            Family::V6 => "2001:db8:2::2",
        }
    }

    /// The router's address on A's link.
    pub fn router_address(&self, family: Family) -> &'static str {
        match family {
            Family::V4 => "10.1.1.1",
            Family::V6 => "2001:db8:1::1",
        }
    }

    /// All of its namespaces.
    pub fn namespaces(&self) -> [&NetNs; 3] {
        [&self.a.netns, &self.router, &self.b.netns]
    }
}

/// Sends small datagrams until one has reached the stack behind `to`, so that neighbours and routes are known.
pub(crate) fn await_datagram(from: &Container, to: &NetNs, family: Family, address: &str) -> Result<()> {
    let counter = match family {
        Family::V4 => "UdpNoPorts",
        Family::V6 => "Udp6NoPorts",
    };
    let before = Mib::read(to)?.get(counter);
    wait::until("the lab's first datagram to arrive", wait::GIVE_UP * 2, || {
        udp_send(from.place(), &family.discard(address), 8, 1, Discovery::Fragment)?;
        Ok((Mib::read(to)?.get(counter) > before).then_some(()))
    })
}
