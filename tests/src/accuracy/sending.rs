//! The parts of a case that say what is sent.

use anyhow::{Context, Result, bail};
use serde::Deserialize;

use super::numbers::Numbers;
use crate::lab::routed::Family;

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
    /// To this address, as it stands in a URL, instead of the hop's own.
    pub host: Option<String>,
    /// To this port of it.
    pub port: Option<u16>,
    /// How the client takes a download.
    #[serde(default)]
    pub reader: Reader,
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
    /// At once, but the connection stays open: nothing follows, as after a flight of TLS.
    Keep,
    /// Nobody listens.
    Refuse,
}

impl Manner {
    /// What stands behind the number in a URL.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Prompt | Self::Refuse => "",
            Self::Slow => "/slow",
            Self::Stall => "/stall",
            Self::Reset => "/reset",
            Self::Keep => "/keep",
        }
    }
}

/// How a client takes a download.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reader {
    /// At once.
    #[default]
    Prompt,
    /// Some bytes now and then: the window closes and opens.
    Slow,
    /// With a rest of seconds: the window is zero meanwhile.
    Rest,
    /// Half of it, then it resets the connection.
    Reset,
}

impl Reader {
    /// The option of `lab-traffic`.
    pub(super) fn option(self) -> &'static str {
        match self {
            Self::Prompt => "prompt",
            Self::Slow => "slow",
            Self::Rest => "rest",
            Self::Reset => "reset",
        }
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
