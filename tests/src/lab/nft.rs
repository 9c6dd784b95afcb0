//! Firewall rules that labs share.

/// Drops what a router says when a packet is too big, where it passes `hook`: on its way in to the sender (`input`), through
/// another router (`forward`), or out of the router that says it (`output`). The black hole.
pub fn drop_frag_needed(hook: &str) -> String {
    format!(
        "
table inet lab_filter_{hook} {{
    chain {hook} {{
        type filter hook {hook} priority 0;
        icmp type destination-unreachable icmp code frag-needed drop
        icmpv6 type packet-too-big drop
    }}
}}"
    )
}

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
