//! A case as its file has it; tests/accuracy/README.md says what the fields mean.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;

pub use super::hop::{Hop, Nature, Plug, Runtime, Server, Tun, Way};
pub use super::numbers::Numbers;
pub use super::sending::{Kind, Manner, Reader, Traffic};

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
    /// Further ways.
    #[serde(default)]
    pub tun: Vec<Tun>,
    /// Why `map` need not say what `run` says.
    pub map: Option<String>,
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
    /// The limit is a router's beyond this node: it has an address.
    #[serde(default)]
    pub beyond: bool,
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

    /// The hop that suffers; without a name it is the innermost.
    pub fn sufferer_name(&self) -> Option<&str> {
        self.expect.as_ref()?.container.as_deref()
    }

    /// Names that are used exist, so that a slip is not found after a lab was built.
    fn check(&self) -> Result<()> {
        ensure!(!self.hop.is_empty() && !self.traffic.is_empty(), "a case has hops and traffic");
        let hops = self.traffic.iter().flat_map(|one| [&one.from, &one.to, &one.outage]).flatten();
        for name in hops.filter(|name| *name != "server") {
            self.find(name)?;
        }
        for tun in &self.tun {
            self.find(&tun.from)?;
            if tun.to != "server" {
                self.find(&tun.to)?;
            }
        }
        if let Some(name) = self.sufferer_name().filter(|name| *name != "server") {
            self.find(name)?;
        }
        let numbers = self.draw(0);
        let expected = self
            .expect
            .iter()
            .flat_map(|expect| [&expect.culprit, &expect.bottleneck, &expect.fix].into_iter().flatten());
        let tuns = self.tun.iter().flat_map(|tun| {
            let own = [Some(&tun.mtu), tun.to_mtu.as_ref()].into_iter().flatten();
            own.chain(tun.wire.numbers())
        });
        let used = self.hop.iter().flat_map(Hop::numbers).chain(tuns).chain(expected);
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
