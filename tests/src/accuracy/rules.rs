//! Firewalls and offloads of a case.

use anyhow::Result;

use super::case::{Hop, Numbers, Server};
use crate::lab::netns::NetNs;
use crate::lab::{nft, offload};

const MUTE: &str = "
table inet lab_mute {
    chain forward {
        type filter hook forward priority 0;
        icmp type destination-unreachable icmp code frag-needed drop
        icmpv6 type packet-too-big drop
    }
}";

pub(super) fn server(server: &Server, numbers: &Numbers, netns: &NetNs) -> Result<()> {
    if server.deaf {
        netns.nft(nft::DROP_FRAG_NEEDED)?;
    }
    server.nft.as_ref().map_or(Ok(()), |script| netns.nft(&numbers.fill(script)))
}

pub(super) fn hop(hop: &Hop, numbers: &Numbers, netns: &NetNs) -> Result<()> {
    let masquerade = nft::masquerade("inet");
    let given = [
        (hop.masquerade, masquerade.as_str()),
        (hop.clamp, nft::CLAMP),
        (hop.deaf, nft::DROP_FRAG_NEEDED),
        (hop.mute, MUTE),
    ];
    for (_, script) in given.iter().filter(|(wanted, _)| *wanted) {
        netns.nft(script)?;
    }
    if let Some(script) = &hop.nft {
        netns.nft(&numbers.fill(script))?;
    }
    if hop.no_offloads { offload::switch_off(netns, "eth0") } else { Ok(()) }
}
