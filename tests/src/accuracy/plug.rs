//! How a hop is plugged into the namespace above it: devices and the gateway's addresses.

use anyhow::{Context, Result};

use super::address::Seat;
use super::case::{Hop, Numbers, Plug};
use crate::lab::name;
use crate::lab::netns::NetNs;
use crate::lab::routed::Family;

pub(super) const FAMILIES: [Family; 2] = [Family::V4, Family::V6];

impl Plug {
    /// Whether this kernel has such devices.
    pub(super) fn is_known(self) -> Result<bool> {
        let kind = match self {
            Self::Bridge => "type bridge",
            Self::Veth => return Ok(true),
            Self::Vlan => "link below type vlan id 7",
            Self::Vxlan => "type vxlan id 42 dstport 4789",
            Self::Macvlan => "link below type macvlan",
            Self::Ipvlan => "link below type ipvlan",
            Self::Tap | Self::Tun => return Ok(std::path::Path::new("/dev/net/tun").exists()),
        };
        let netns = NetNs::create(&format!("{}-probe", name::prefix()))?;
        netns.ip("link add below type veth peer name other")?;
        match netns.ip(&format!("link add probe {kind}")) {
            Ok(_) => Ok(true),
            Err(error) if format!("{error:#}").contains("Unknown device type") => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// What is plugged into what, and where it sits.
pub(super) struct Wire<'a> {
    pub(super) hop: &'a Hop,
    /// Its number in the case.
    pub(super) number: usize,
    pub(super) numbers: &'a Numbers,
    pub(super) above: &'a NetNs,
    pub(super) netns: &'a NetNs,
    pub(super) seat: Seat,
    /// The bridge, and whether it has to be made.
    pub(super) bridge: Option<(&'a str, bool)>,
}

impl Wire<'_> {
    /// Makes the devices of both sides; afterwards the hop has an `eth0` that is down and has no address.
    pub(super) fn plug(&self) -> Result<()> {
        match self.hop.by {
            Plug::Bridge => self.bridge(),
            Plug::Veth => {
                let (port, own) = (self.port()?, self.own()?);
                let name = self.name();
                self.above.ip(&format!(
                    "{}\n{}",
                    self.veth(&name, port, "eth0", own),
                    self.gateway(&name)
                ))?;
                Ok(())
            }
            Plug::Vlan => self.vlan(),
            Plug::Vxlan => self.vxlan(),
            Plug::Macvlan | Plug::Ipvlan => self.share(),
            Plug::Tap | Plug::Tun => self.user_space(),
        }
    }

    fn own(&self) -> Result<u32> {
        self.numbers.get(&self.hop.mtu)
    }

    fn port(&self) -> Result<u32> {
        self.numbers.get(self.hop.port.as_ref().unwrap_or(&self.hop.mtu))
    }

    fn underlay(&self) -> Result<u32> {
        self.numbers.get(self.hop.underlay.as_ref().context("a VLAN or a tunnel has an underlay")?)
    }

    fn name(&self) -> String {
        format!("port{}", self.number)
    }

    fn veth(&self, name: &str, mtu: u32, peer: &str, peer_mtu: u32) -> String {
        let netns = self.netns.name();
        format!("link add {name} mtu {mtu} type veth peer name {peer} mtu {peer_mtu} netns {netns}")
    }

    /// Commands that give the gateway's addresses to a device and switch it on.
    fn gateway(&self, device: &str) -> String {
        let add = |family| format!("address add {} dev {device}\n", self.seat.gateway().with_bits(family));
        FAMILIES.map(add).concat() + &format!("link set {device} up")
    }

    fn bridge(&self) -> Result<()> {
        let (bridge, new) = self.bridge.context("a hop on a bridge has one")?;
        let (port, own, name) = (self.port()?, self.own()?, self.name());
        let mtu = self.numbers.get(self.hop.bridge_mtu.as_ref().unwrap_or(&self.hop.mtu))?;
        if new {
            self.above.ip(&format!("link add {bridge} mtu {mtu} type bridge\n{}", self.gateway(bridge)))?;
        }
        // A bridge takes the smallest MTU of its ports, unless its own was set.
        self.above.ip(&format!(
            "{}\nlink set {name} master {bridge}\nlink set {name} up\nlink set {bridge} mtu {mtu}",
            self.veth(&name, port, "eth0", own)
        ))?;
        Ok(())
    }

    fn vlan(&self) -> Result<()> {
        let (below, port, own, name) = (self.underlay()?, self.port()?, self.own()?, self.name());
        let tagged = format!("vlan{}", self.number);
        self.above.ip(&format!(
            "{}\nlink set {name} up\nlink add link {name} name {tagged} mtu {port} type vlan id 7\n{}",
            self.veth(&name, below, "phys", below),
            self.gateway(&tagged)
        ))?;
        self.netns.ip(&format!("link set phys up\nlink add link phys name eth0 mtu {own} type vlan id 7"))?;
        Ok(())
    }

    /// Both ends exist since the wire was started.
    fn user_space(&self) -> Result<()> {
        let name = self.name();
        self.above.ip(&format!("link set {name} mtu {}\n{}", self.port()?, self.gateway(&name)))?;
        self.netns.ip(&format!("link set eth0 mtu {}", self.own()?))?;
        Ok(())
    }

    fn vxlan(&self) -> Result<()> {
        let (below, port, own, name) = (self.underlay()?, self.port()?, self.own()?, self.name());
        let tunnel = format!("tun{}", self.number);
        let outer = |host: u8| format!("172.30.{}.{host}", self.number);
        let df = if self.hop.df { "df set" } else { "" };
        let kind = |from, to| {
            format!("type vxlan id 42 local {} remote {} dstport 4789 {df}", outer(from), outer(to))
        };
        if self.hop.wire.is_some() {
            self.above.ip(&format!("link set {name} mtu {below}"))?;
            self.netns.ip(&format!("link set phys mtu {below}"))?;
        } else {
            self.above.ip(&self.veth(&name, below, "phys", below))?;
        }
        self.above.ip(&format!(
            "address add {}/24 dev {name}\nlink set {name} up\nlink add {tunnel} mtu {port} {}\n{}",
            outer(1),
            kind(1, 2),
            self.gateway(&tunnel)
        ))?;
        self.netns.ip(&format!(
            "address add {}/24 dev phys\nlink set phys up\nlink add eth0 mtu {own} {}",
            outer(2),
            kind(2, 1)
        ))?;
        Ok(())
    }

    fn share(&self) -> Result<()> {
        let (own, name) = (self.own()?, self.name());
        let kind = if self.hop.by == Plug::Macvlan { "macvlan mode bridge" } else { "ipvlan mode l2" };
        self.above.ip(&format!(
            "link add link eth0 name {name} mtu {own} type {kind}\nlink set {name} netns {} name eth0",
            self.netns.name()
        ))?;
        Ok(())
    }
}
