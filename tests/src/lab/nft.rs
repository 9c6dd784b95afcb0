//! Firewall rules that labs share.

/// Drops what a router says when a packet is too big, on its way to the sender: the black hole.
pub const DROP_FRAG_NEEDED: &str = "
table inet lab_filter {
    chain input {
        type filter hook input priority 0;
        icmp type destination-unreachable icmp code frag-needed drop
        icmpv6 type packet-too-big drop
    }
}";

/// What dockerd does for a bridge: whatever leaves through `eth0` gets the address of `eth0`.
pub(crate) fn masquerade(family: &str) -> String {
    format!(
        "
table {family} lab_nat {{
    chain postrouting {{
        type nat hook postrouting priority 100;
        oifname \"eth0\" masquerade
    }}
}}"
    )
}
