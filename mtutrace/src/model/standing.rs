//! An MTU that does not fit as the node stands, whether or not a packet has died of it.
use schemars::JsonSchema;
use serde::Serialize;

use super::container::Container;
use super::netns::NetnsId;
use super::verdict::{Device, Fix, Hop, Severity};

/// A standing mismatch: one cause, and all whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct StandingMismatch {
    /// How bad it is: never critical, for nobody has seen traffic stall of it.
    pub(crate) severity: Severity,
    /// Whose packets can be too big.
    pub(crate) affected: Vec<Affected>,
    /// Of the path, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["ipv4", "ipv6"]))]
    pub(crate) family: Option<&'static str>,
    /// Networks for which it matters, the first 16; absent if it concerns all that is sent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) destinations: Vec<String>,
    /// The device whose number is wrong.
    pub(crate) culprit: Device,
    /// The MTU that it should have, bytes at L3.
    pub(crate) should_be: u32,
    /// What sets the limit.
    pub(crate) bottleneck: Device,
    /// Bytes that a tunnel puts around a packet, where a tunnel is what is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) overhead: Option<u32>,
    /// From the first of those affected outwards.
    pub(crate) path: Vec<Hop>,
    /// One sentence that a person can act on.
    pub(crate) summary: String,
    /// The first is the right one for how this container was made.
    pub(crate) fix: Vec<Fix>,
}

/// One whom it concerns.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Affected {
    /// Its namespace.
    pub(crate) netns: NetnsId,
    /// Absent for the host, and for a namespace of which no container is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) container: Option<Container>,
    /// For sentences. What comes from outside is in it: escape it.
    #[serde(skip)]
    pub(crate) name: String,
}

impl StandingMismatch {
    /// Whether this is the wrong device: the same one, or that of the same name of another whom it concerns.
    pub(crate) fn is_about(&self, device: &Device) -> bool {
        let whose =
            device.netns == self.culprit.netns || self.affected.iter().any(|one| one.netns == device.netns);
        whose && device.interface == self.culprit.interface
    }
}
