//! A case as its file has it; tests/accuracy/README.md says what the fields mean.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;

use crate::lab::routed::Family;

/// One file.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The file's name without its ending.
    #[serde(skip)]
    pub name: String,
    /// What is special about it.
    pub about: String,
    /// Numbers by name, or the ranges that they are drawn from.
    pub mtu: BTreeMap<String, Range>,
    /// The outermost namespace.
    #[serde(default)]
    pub server: Server,
    /// From there inwards.
    pub hop: Vec<Hop>,
    /// What is sent; one after the other.
    pub traffic: Vec<Traffic>,
    /// What mtutrace must say; absent in a healthy case.
    pub expect: Option<Expect>,
}

/// A number, or the first and the last that it may be.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(untagged)]
pub enum Range {
    /// Always this one.
    Fixed(u32),
    /// Drawn anew in every run.
    Between(u32, u32),
}

/// The server.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// "Too big" messages don't reach it.
    pub deaf: bool,
    /// Its device carries single segments.
    pub no_offloads: bool,
}

/// A namespace that is plugged into another one.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hop {
    /// What the case calls it.
    pub name: String,
    /// What it is plugged into; without it the hop above, or the server.
    pub into: Option<String>,
    /// How.
    #[serde(default)]
    pub by: Plug,
    /// MTU of its `eth0`.
    pub mtu: String,
    /// MTU of the other end.
    pub port: Option<String>,
    /// MTU of the bridge that the other end is a port of.
    pub bridge_mtu: Option<String>,
    /// That bridge's name.
    pub bridge: Option<String>,
    /// MTU of what carries a VLAN or a tunnel.
    pub underlay: Option<String>,
    /// Whose container it is.
    #[serde(default)]
    pub runtime: Runtime,
    /// It masquerades what leaves by `eth0`.
    #[serde(default)]
    pub masquerade: bool,
    /// It clamps the MSS of what it forwards to the route's MTU.
    #[serde(default)]
    pub clamp: bool,
    /// "Too big" messages don't reach it.
    #[serde(default)]
    pub deaf: bool,
    /// "Too big" messages don't pass it.
    #[serde(default)]
    pub mute: bool,
    /// Its `eth0` carries single segments.
    #[serde(default)]
    pub no_offloads: bool,
    /// The outer packets of its tunnel must not be cut.
    #[serde(default)]
    pub df: bool,
    /// The `mtu` of its default route.
    pub route_mtu: Option<String>,
    /// Any other firewall.
    pub nft: Option<String>,
    /// A bridge that nobody uses.
    pub idle_bridge: Option<String>,
}

/// How a namespace is plugged into another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Plug {
    /// A veth pair, one end of it a port of a bridge.
    #[default]
    Bridge,
    /// A veth pair whose other end has the gateway's address.
    Veth,
    /// Tagged frames over a veth pair.
    Vlan,
    /// A tunnel over a veth pair.
    Vxlan,
    /// A share of the other's own `eth0`: a neighbour on the other's network.
    Macvlan,
    /// Likewise, with the same MAC address.
    Ipvlan,
}

/// Whose container a namespace is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Runtime {
    /// dockerd's.
    #[default]
    Docker,
    /// A pod of Kubernetes.
    Pod,
    /// None: a router, a node.
    None,
}

/// What is sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traffic {
    /// What.
    pub kind: Kind,
    /// By whom; without it the innermost.
    pub from: Option<String>,
    /// To whom; without it the server.
    pub to: Option<String>,
    /// Over IPv6.
    #[serde(default)]
    pub v6: bool,
    /// Bytes of a download or an upload.
    pub bytes: Option<usize>,
    /// How the server answers.
    #[serde(default)]
    pub server: Manner,
    /// L3 bytes of a datagram before it is fragmented: one of the numbers, or a number.
    pub size: Option<String>,
    /// Datagrams.
    pub count: Option<u64>,
    /// Milliseconds from one datagram to the next.
    #[serde(default)]
    pub apart_ms: u64,
    /// The hop that drops everything for a while in the middle of the transfer.
    pub outage: Option<String>,
    /// Whether a transfer gets through, once it was given a few seconds.
    pub completes: Option<bool>,
}

/// Kinds of traffic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// TCP: the other end sends.
    Download,
    /// TCP: this end sends.
    Upload,
    /// UDP that may be fragmented.
    Udp,
    /// UDP with DF, which obeys what is known of the path.
    UdpDf,
    /// UDP with DF, whatever is known of the path.
    UdpProbe,
}

/// How a server answers a download.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Manner {
    /// At once.
    #[default]
    Prompt,
    /// Some bytes now and then.
    Slow,
    /// With a rest of seconds in the middle.
    Stall,
    /// With half of it and a reset.
    Reset,
    /// Nobody listens.
    Refuse,
}

/// The verdict.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    /// Its name in the contract.
    pub verdict: String,
    /// Its severity.
    pub severity: String,
    /// The hop that suffers; without it the innermost.
    pub container: Option<String>,
    /// MTU of the device that is wrong; without it no device is.
    pub culprit: Option<String>,
    /// Name of the device that is wrong.
    pub culprit_interface: Option<String>,
    /// MTU of the device that sets the limit; without it none of this node does.
    pub bottleneck: Option<String>,
    /// The number in the fix; without it the bottleneck's.
    pub fix: Option<String>,
}

impl Case {
    /// Reads a file; the error says what is wrong in it.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let mut case: Self = toml::from_str(&text).with_context(|| path.display().to_string())?;
        case.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        case.check().with_context(|| path.display().to_string())?;
        Ok(case)
    }

    /// All files of a folder, by name.
    pub fn read_all(dir: &Path) -> Result<Vec<Self>> {
        let entries = std::fs::read_dir(dir).with_context(|| dir.display().to_string())?;
        let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
        paths.retain(|path| path.extension().is_some_and(|end| end == "toml"));
        paths.sort();
        paths.iter().map(|path| Self::read(path)).collect()
    }

    /// The hop of that name.
    pub fn find(&self, name: &str) -> Result<usize> {
        self.hop.iter().position(|hop| hop.name == name).with_context(|| format!("no hop is called {name}"))
    }

    /// The hop that suffers.
    pub fn sufferer(&self) -> Result<usize> {
        match self.expect.as_ref().and_then(|expect| expect.container.as_deref()) {
            Some(name) => self.find(name),
            None => Ok(self.hop.len() - 1),
        }
    }

    /// Names that are used exist, so that a slip is not found after a lab was built.
    fn check(&self) -> Result<()> {
        ensure!(!self.hop.is_empty() && !self.traffic.is_empty(), "a case has hops and traffic");
        let hops = self.traffic.iter().flat_map(|one| [&one.from, &one.to, &one.outage]).flatten();
        for name in hops.filter(|name| *name != "server") {
            self.find(name)?;
        }
        self.sufferer()?;
        let numbers = self.draw(0);
        let optional = self.hop.iter().flat_map(|hop| {
            [&hop.port, &hop.bridge_mtu, &hop.underlay, &hop.route_mtu, &hop.idle_bridge]
                .into_iter()
                .flatten()
        });
        let expected = self
            .expect
            .iter()
            .flat_map(|expect| [&expect.culprit, &expect.bottleneck, &expect.fix].into_iter().flatten());
        let used = self.hop.iter().map(|hop| &hop.mtu).chain(optional).chain(expected);
        used.chain(self.traffic.iter().filter_map(|one| one.size.as_ref()))
            .try_for_each(|name| numbers.get(name).map(drop))
    }

    /// The numbers of a run; the same seed draws the same.
    pub fn draw(&self, seed: u64) -> Numbers {
        // Each case has a sequence of its own, so that one can be run alone with the numbers that it had among all.
        let own = self.name.bytes().fold(seed, |seed, byte| seed.wrapping_mul(31).wrapping_add(byte.into()));
        let mut random = fastrand::Rng::with_seed(own);
        let draw = |range: &Range| match *range {
            Range::Fixed(number) => number,
            Range::Between(from, to) => random.u32(from..=to.max(from)),
        };
        let mut draw = draw;
        Numbers(self.mtu.iter().map(|(name, range)| (name.clone(), draw(range))).collect())
    }
}

/// The numbers of one run.
#[derive(Debug, Clone)]
pub struct Numbers(BTreeMap<String, u32>);

impl Numbers {
    /// The number that is called so, or is written so; `wide - 50` is so much less.
    pub fn get(&self, name: &str) -> Result<u32> {
        if let Some((name, less)) = name.split_once(" - ") {
            return self
                .get(name)?
                .checked_sub(self.get(less)?)
                .with_context(|| format!("{name} is too small"));
        }
        match self.0.get(name) {
            Some(number) => Ok(*number),
            None => name.parse().ok().with_context(|| format!("no number is called {name}")),
        }
    }

    /// `name 1500` for each.
    pub fn words(&self) -> String {
        self.0.iter().map(|(name, number)| format!("{name} {number}")).collect::<Vec<_>>().join(", ")
    }
}

impl Traffic {
    /// Its family.
    pub fn family(&self) -> Family {
        if self.v6 { Family::V6 } else { Family::V4 }
    }

    /// Whether it is a connection.
    pub fn is_tcp(&self) -> bool {
        matches!(self.kind, Kind::Download | Kind::Upload)
    }

    /// Payload of a datagram.
    pub fn payload(&self, numbers: &Numbers) -> Result<u32> {
        let size = numbers.get(self.size.as_deref().context("datagrams have a size")?)?;
        match size.checked_sub(self.family().udp_overhead()) {
            Some(payload) => Ok(payload),
            None => bail!("{size} bytes hold no UDP datagram"),
        }
    }
}
