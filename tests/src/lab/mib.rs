//! The kernel's own counters of a namespace: the protocols' (RFC 4293 and Linux's own) and the devices'.

use std::collections::BTreeMap;

use anyhow::{Context, Result};

use super::netns::NetNs;

/// Counters by name: `IpFragFails`, `IcmpMsgInType3`, `TcpRetransSegs`, `Ip6InTooBigErrors`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mib(BTreeMap<String, i64>);

impl Mib {
    /// What /proc/net/snmp and /proc/net/snmp6 of the namespace hold now.
    pub fn read(netns: &NetNs) -> Result<Self> {
        let read = |name: &str| std::fs::read_to_string(format!("/proc/thread-self/net/{name}"));
        let (v4, v6) = netns.enter(|| (read("snmp"), read("snmp6")))?;
        let mut counters = parse_pairs_of_lines(&v4.context("/proc/net/snmp")?);
        // A kernel without IPv6 has no such file.
        counters.extend(parse_lines(&v6.unwrap_or_default()));
        Ok(Self(counters))
    }

    /// One counter; 0 where this kernel does not have it (`IcmpMsg…` appears with its first message).
    pub fn get(&self, name: &str) -> i64 {
        self.0.get(name).copied().unwrap_or(0)
    }

    /// What moved since `before`, and by how much.
    pub fn since(&self, before: &Self) -> Self {
        let moved = self.0.iter().map(|(name, value)| (name.clone(), value - before.get(name)));
        Self(moved.filter(|(_, delta)| *delta != 0).collect())
    }
}

/// What a device did not carry, as /proc/net/dev has it: errors and drops, received and sent.
pub fn device(netns: &NetNs, device: &str) -> Result<BTreeMap<&'static str, i64>> {
    const COLUMNS: [(&str, usize); 4] =
        [("rx_errors", 2), ("rx_dropped", 3), ("tx_errors", 10), ("tx_dropped", 11)];
    let text = netns.enter(|| std::fs::read_to_string("/proc/thread-self/net/dev"))??;
    let numbers = text.lines().find_map(|line| line.trim_start().strip_prefix(device)?.strip_prefix(':'));
    let numbers = numbers.with_context(|| format!("no {device} in\n{text}"))?;
    let numbers = numbers.split_whitespace().collect::<Vec<_>>();
    let number = |at: usize| numbers.get(at)?.parse().ok();
    let column = |(name, at)| Ok((name, number(at).with_context(|| format!("no {name} in\n{text}"))?));
    COLUMNS.into_iter().map(column).collect()
}

/// What the far end of a veth did not take for its size.
pub fn rx_dropped(netns: &NetNs, name: &str) -> Result<i64> {
    Ok(device(netns, name)?["rx_dropped"])
}

/// `Ip: A B` and below it `Ip: 1 2`.
fn parse_pairs_of_lines(text: &str) -> BTreeMap<String, i64> {
    let lines = text.lines().collect::<Vec<_>>();
    let mut counters = BTreeMap::new();
    for pair in lines.chunks_exact(2) {
        let (Some((group, names)), Some((_, values))) = (pair[0].split_once(':'), pair[1].split_once(':'))
        else {
            continue;
        };
        for (name, value) in names.split_whitespace().zip(values.split_whitespace()) {
            value.parse().ok().map(|value| counters.insert(format!("{group}{name}"), value));
        }
    }
    counters
}

/// `Ip6InTooBigErrors 3`, one a line.
fn parse_lines(text: &str) -> BTreeMap<String, i64> {
    let words = text.lines().filter_map(|line| {
        let (name, value) = line.split_once(char::is_whitespace)?;
        Some((name.to_owned(), value.trim().parse().ok()?))
    });
    words.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_layouts_are_read_and_only_what_moved_is_a_delta() {
        let v4 = "Ip: Forwarding FragFails\nIp: 2 7\nTcp: MaxConn OutSegs\nTcp: -1 30\n";
        let mut before = parse_pairs_of_lines(v4);
        before.extend(parse_lines("Ip6InTooBigErrors              \t4\n"));
        let before = Mib(before);
        assert_eq!((before.get("IpFragFails"), before.get("TcpMaxConn")), (7, -1));
        assert_eq!((before.get("Ip6InTooBigErrors"), before.get("IcmpMsgInType3")), (4, 0));
        let mut now = before.clone();
        now.0.insert("IpFragFails".into(), 9);
        now.0.insert("IcmpMsgInType3".into(), 1);
        let delta = now.since(&before);
        assert_eq!(
            (delta.get("IpFragFails"), delta.get("IcmpMsgInType3"), delta.get("TcpOutSegs")),
            (2, 1, 0)
        );
        assert_eq!(delta.0.len(), 2);
    }
}
