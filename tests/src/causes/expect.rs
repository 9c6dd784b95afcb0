//! What the tracer must say about the packets of a scenario.

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::lab::netns::NetNs;

/// How many events there must be.
#[derive(Debug, Clone, Copy)]
pub enum Count {
    /// As many as the kernel counted.
    Exactly(u64),
    /// At least so many: the kernel has no counter for it, or one for something near it.
    AtLeast(u64),
}

/// The primary events of one cause, and what may come with them.
#[derive(Debug)]
pub struct Expected<'a> {
    /// Name of the cause in the table.
    pub name: &'a str,
    /// `signal` of its events.
    pub signal: &'a str,
    /// Their `cause`, for drops.
    pub cause: Option<&'a str>,
    /// The one hook that can see it, where others of the same signal and cause cannot.
    pub only: Option<&'a str>,
    /// Where they are seen: a namespace, and the devices that `interface` and `egress_interface` may name.
    pub places: &'a [(&'a NetNs, &'a [&'a str])],
    /// How many.
    pub count: Count,
    /// The limit, where the event is about one.
    pub mtu: Option<u32>,
    /// L3 length of the packet, or of its segments.
    pub length: Option<u32>,
    /// `ipv4` or `ipv6`.
    pub family: &'a str,
    /// `udp` or `tcp`.
    pub protocol: &'a str,
    /// Fields that the kernel does not tell at this place, so that they may be absent (but never wrong).
    pub unknown: &'a [&'a str],
    /// What else these packets may cause in the lab, as its tag in the table spells it.
    pub companions: &'a [&'a str],
}

impl Expected<'_> {
    /// The events it is about, as [`tag`] spells them.
    pub(super) fn tag(&self) -> String {
        self.cause.map_or_else(|| self.signal.to_owned(), |cause| format!("{}/{cause}", self.signal))
    }

    /// Whether this is one of the primary events.
    pub(super) fn is_primary(&self, event: &Value) -> bool {
        let here = |(netns, devices): &(&NetNs, &[&str])| {
            let mut named =
                ["interface", "egress_interface"].into_iter().filter_map(|key| event[key].as_str());
            netns.inode().is_ok_and(|inode| event["netns"] == inode)
                && named.all(|name| devices.contains(&name))
        };
        tag(event) == self.tag() && self.places.iter().any(here)
    }

    /// Checks how many there were.
    pub(super) fn check_count(&self, found: u64) -> Result<()> {
        match self.count {
            Count::Exactly(count) => ensure!(found == count, "{found} events instead of {count}"),
            Count::AtLeast(count) => ensure!(found >= count, "{found} events, not even {count}"),
        }
        Ok(())
    }

    /// Checks what a primary event says.
    pub(super) fn check_fields(&self, event: &Value) -> Result<()> {
        ensure!(event["family"] == self.family, "family: {event}");
        // A classifier sees the fragments, not the packet that they were, and no limit.
        let pieces =
            self.signal == "fragmented" && event["hook"].as_str().is_some_and(|h| h.starts_with("tc:"));
        let known = |key: &str| !event[key].is_null();
        let may_lack = |key: &str| self.unknown.contains(&key) || (pieces && key == "mtu");
        let wanted = [
            ("protocol", Some(Value::from(self.protocol))),
            ("mtu", self.mtu.map(Value::from)),
            ("length", self.length.filter(|_| !pieces).map(Value::from)),
        ];
        for (key, value) in wanted {
            let Some(value) = value else { continue };
            ensure!(known(key) || may_lack(key), "no {key}: {event}");
            ensure!(!known(key) || event[key] == value, "{key} is not {value}: {event}");
        }
        ensure!(known("interface") || may_lack("interface"), "no interface: {event}");
        if pieces && let (Some(length), Some(mtu)) = (event["length"].as_u64(), self.mtu) {
            ensure!(length <= mtu.into(), "a fragment larger than {mtu}: {event}");
        }
        Ok(())
    }

    /// Whether an event of the lab that is not primary may be there.
    pub(super) fn allows(&self, event: &Value) -> bool {
        self.companions.contains(&&*tag(event))
    }
}

/// `drop/forward_df`, or the signal alone where there is no cause.
pub(super) fn tag(event: &Value) -> String {
    let text = |key: &str| event[key].as_str();
    let signal = text("signal").unwrap_or("?");
    text("cause").map_or_else(|| signal.to_owned(), |cause| format!("{signal}/{cause}"))
}
