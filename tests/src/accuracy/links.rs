//! What of a case is carried by user space, and what its file adds to the finished lab.

use anyhow::Result;

use super::address::Seat;
use super::case::{Case, Hop, Nature, Numbers, Plug, Way};
use super::plug::FAMILIES;
use crate::lab::netns::NetNs;
use crate::lab::wire::{End, Wire};

/// Networks of further ways count from here.
const FIRST_NETWORK: usize = 50;

/// The wire below a hop, if there is one.
pub(super) fn of_hop(
    hop: &Hop,
    number: usize,
    numbers: &Numbers,
    above: &NetNs,
    netns: &NetNs,
) -> Result<Option<Wire>> {
    let plain = Nature::default();
    let nature = hop.wire.as_ref().unwrap_or(&plain);
    let (kind, device) = match hop.by {
        Plug::Tun => ("tun", "eth0"),
        Plug::Tap => ("tap", "eth0"),
        // The wire carries the tunnel.
        Plug::Vxlan if hop.wire.is_some() => ("tap", "phys"),
        _ => return Ok(None),
    };
    let port = format!("port{number}");
    let (a, b) = (End { netns: above, device: &port }, End { netns, device });
    Wire::start(kind, a, b, &options(nature, numbers)?).map(Some)
}

/// Makes the case's further ways, with their addresses.
pub(super) fn tuns<'a>(
    case: &Case,
    numbers: &Numbers,
    ends: impl Fn(&str) -> Result<&'a NetNs>,
) -> Result<Vec<Wire>> {
    let make = |(number, tun): (usize, &super::case::Tun)| {
        let (from, to) = (ends(&tun.from)?, ends(&tun.to)?);
        let (a, b) = (End { netns: to, device: &tun.name }, End { netns: from, device: &tun.name });
        let wire = Wire::start("tun", a, b, &options(&tun.wire, numbers)?)?;
        let mtus = [tun.to_mtu.as_ref().unwrap_or(&tun.mtu), &tun.mtu];
        for ((netns, mtu), host) in [to, from].into_iter().zip(mtus).zip(1..) {
            let seat = Seat { network: FIRST_NETWORK + number, host };
            let add = |family| format!("address add {} dev {}\n", seat.with_bits(family), tun.name);
            let (mtu, name) = (numbers.get(mtu)?, &tun.name);
            netns.ip(&format!("link set {name} mtu {mtu} up\n{}", FAMILIES.map(add).concat()))?;
        }
        Ok(wire)
    };
    case.tun.iter().enumerate().map(make).collect()
}

/// Values below /proc/sys and commands of `ip`, once all devices are there.
pub(super) fn finish<'a>(
    case: &Case,
    numbers: &Numbers,
    ends: impl Fn(&str) -> Result<&'a NetNs>,
) -> Result<()> {
    let hops = case.hop.iter().map(|hop| (hop.name.as_str(), &hop.sysctl, &hop.ip));
    for (name, sysctl, ip) in hops.chain([("server", &case.server.sysctl, &case.server.ip)]) {
        let netns = ends(name)?;
        sysctl.iter().try_for_each(|(key, value)| netns.sysctl(key, value))?;
        if let Some(commands) = ip {
            netns.ip(&numbers.fill(commands))?;
        }
    }
    Ok(())
}

fn options(nature: &Nature, numbers: &Numbers) -> Result<Vec<String>> {
    let mut options = Vec::new();
    let given = [
        ("--max", &nature.max),
        ("--tells", &nature.tells),
        ("--corrupt", &nature.corrupt),
        ("--lose", &nature.lose),
        ("--reorder", &nature.reorder),
    ];
    for (name, number) in given {
        if let Some(number) = number {
            options.extend([name.to_owned(), numbers.get(number)?.to_string()]);
        }
    }
    if let Some(way) = nature.only {
        options.extend(["--only".to_owned(), if way == Way::In { "in" } else { "out" }.to_owned()]);
    }
    options.extend(nature.no_fragments.then(|| "--no-fragments".to_owned()));
    Ok(options)
}
