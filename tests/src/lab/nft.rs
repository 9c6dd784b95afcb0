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

/// Clamps the MSS of forwarded connections, both ways, to what the pods of the lab's node can take.
pub const CLAMP: &str = "
table inet lab_clamp {
    chain forward {
        type filter hook forward priority 0;
        tcp flags syn tcp option maxseg size set rt mtu
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

/// The same, of what this router itself says: its own firewall drops it on the way out, as a hardened host's does.
pub const DROP_OWN_FRAG_NEEDED: &str = "
table inet lab_filter {
    chain output {
        type filter hook output priority 0;
        icmp type destination-unreachable icmp code frag-needed drop
        icmpv6 type packet-too-big drop
    }
}";
