//! Firewalls and offloads of a case.

use anyhow::Result;

use super::case::{Hop, Numbers, Server};
use crate::lab::netns::NetNs;
use crate::lab::{nft, offload};

pub(super) fn server(server: &Server, numbers: &Numbers, netns: &NetNs) -> Result<()> {
    if server.deaf {
        netns.nft(&nft::drop_frag_needed("input"))?;
    }
    server.nft.as_ref().map_or(Ok(()), |script| netns.nft(&numbers.fill(script)))
}

pub(super) fn hop(hop: &Hop, numbers: &Numbers, netns: &NetNs) -> Result<()> {
    let masquerade = nft::masquerade("inet");
    let [deaf, mute] = ["input", "forward"].map(nft::drop_frag_needed);
    let given = [
        (hop.masquerade, masquerade.as_str()),
        (hop.clamp, nft::CLAMP),
        (hop.deaf, deaf.as_str()),
        (hop.mute, mute.as_str()),
    ];
    for (_, script) in given.iter().filter(|(wanted, _)| *wanted) {
        netns.nft(script)?;
    }
    if let Some(script) = &hop.nft {
        netns.nft(&numbers.fill(script))?;
    }
    if hop.no_offloads { offload::switch_off(netns, "eth0") } else { Ok(()) }
}
