//! The functions in which `kfree_skb` is called for a packet that is too big.
use mtutrace_common::config::{DropCause, DropSite, MAX_DROP_SITES};

use super::table::{Symbols, is_clone};

/// Function and what a drop there means, most telling first. Watched on kernels 5.10 to 7.3 where not marked;
/// "source" = read there, not made to happen.
const SITES: [(&str, DropCause); 19] = [
    ("ip_forward", DropCause::Forward),
    ("ip6_forward", DropCause::Forward),
    ("ip_fragment", DropCause::FragFailed),
    ("ip6_fragment", DropCause::FragFailed),
    ("br_dev_queue_push_xmit", DropCause::BridgePort),
    ("br_nf_dev_queue_xmit", DropCause::BridgePort),
    ("__dev_forward_skb2", DropCause::VethPeer),
    // 5.10, where it does the check itself
    ("__dev_forward_skb", DropCause::VethPeer),
    // one a packet whose first fragment came; what lacks it is freed elsewhere, piece by piece
    ("ip_expire", DropCause::Reassembly),
    ("ip6_frag_expire", DropCause::Reassembly),
    ("nf_ct_frag6_expire", DropCause::Reassembly),
    // 5.10, whose drops have no reason (from 5.17 on: NETFILTER_DROP)
    ("nf_hook_slow", DropCause::IcmpFiltered),
    // GRE and IPIP: what tnl_update_pmtu refuses is freed here
    ("ip_tunnel_xmit", DropCause::Tunnel),
    // nf_conntrack_bridge refragments in the first for IPv4 and in the second for IPv6 (source)
    ("nf_ct_bridge_post", DropCause::BridgePort),
    ("br_ip6_fragment", DropCause::BridgePort),
    // ip6_tnl_xmit returns -EMSGSIZE, and its callers free (source)
    ("ip6_tnl_start_xmit", DropCause::Tunnel),
    ("ip6gre_tunnel_xmit", DropCause::Tunnel),
    // tunnels in external mode, and 6in4 (source)
    ("ip_md_tunnel_xmit", DropCause::Tunnel),
    ("sit_tunnel_xmit", DropCause::Tunnel),
];

/// The text ranges to watch, at most [`MAX_DROP_SITES`]; functions of modules that aren't loaded are absent.
///
/// `ip_do_fragment` is left out: it frees for want of memory, not of room.
pub(crate) fn drop_sites(symbols: &Symbols) -> Vec<DropSite> {
    let mut found: Vec<(usize, bool, DropSite)> = Vec::new();
    for (index, entry) in symbols.entries.iter().enumerate() {
        let name = symbols.name(entry);
        let Some(rank) = SITES.iter().position(|(function, _)| is_clone(name, function)) else { continue };
        let (Some((_, cause)), Some((start, end))) = (SITES.get(rank), symbols.range_at(index)) else {
            continue;
        };
        // A `.cold` part is what the compiler thinks never happens: the first to go when the table is full.
        let cold = name.ends_with(".cold");
        found.push((rank, cold, DropSite { start, end, cause: *cause as u32, padding: 0 }));
    }
    found.sort_by_key(|(_, _, site)| site.start);
    found.dedup_by(|next, kept| merge(next, kept));
    found.sort_by_key(|(rank, cold, site)| (*cold, *rank, site.start));
    let most = usize::try_from(MAX_DROP_SITES).unwrap_or(usize::MAX);
    found.into_iter().take(most).map(|(_, _, site)| site).collect()
}

/// Two names for one function, or neighbours of one cause, need one slot only.
fn merge(next: &(usize, bool, DropSite), kept: &mut (usize, bool, DropSite)) -> bool {
    let adjoining = next.2.start <= kept.2.end && next.2.cause == kept.2.cause;
    if adjoining {
        kept.0 = kept.0.min(next.0);
        kept.1 &= next.1;
        kept.2.end = kept.2.end.max(next.2.end);
    }
    adjoining
}
