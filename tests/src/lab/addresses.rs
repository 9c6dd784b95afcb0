//! The numbers of the incident, in either family: documentation prefixes outside, the usual ones inside.

/// One family's addresses. `ip` takes both spellings alike, so the wiring need not know which it is.
#[derive(Debug)]
pub(crate) struct Addresses {
    /// The server.
    pub(crate) server: &'static str,
    /// The server as it stands in a URL.
    pub(crate) url_host: &'static str,
    /// What the server's process listens on: this family alone.
    pub(crate) any: &'static str,
    /// The node's side of the server's network.
    pub(crate) uplink: &'static str,
    pub(crate) server_bits: u8,
    /// The node's bridge.
    pub(crate) cni0: &'static str,
    pub(crate) pod: &'static str,
    pub(crate) pod_bits: u8,
    pub(crate) pod_subnet: &'static str,
    /// The pod's bridge.
    pub(crate) docker0: &'static str,
    pub(crate) inner: &'static str,
    pub(crate) inner_bits: u8,
    pub(crate) inner_subnet: &'static str,
    /// The switch that makes a router.
    pub(crate) forwarding: &'static str,
    pub(crate) nft_family: &'static str,
}

impl Addresses {
    /// All that one machine has, in text as `ip` writes it.
    pub(crate) fn all(&self) -> [&'static str; 6] {
        [self.server, self.uplink, self.cni0, self.pod, self.docker0, self.inner]
    }

    pub(crate) fn of(ipv6: bool) -> &'static Self {
        if ipv6 { &V6 } else { &V4 }
    }
}

pub(crate) const V4: Addresses = Addresses {
    server: "192.0.2.10",
    url_host: "192.0.2.10",
    any: "0.0.0.0:80",
    uplink: "192.0.2.1",
    server_bits: 24,
    cni0: "10.42.0.1",
    pod: "10.42.0.108",
    pod_bits: 24,
    pod_subnet: "10.42.0.0/24",
    docker0: "172.17.0.1",
    inner: "172.17.0.2",
    inner_bits: 16,
    inner_subnet: "172.17.0.0/16",
    forwarding: "net/ipv4/ip_forward",
    nft_family: "ip",
};

const V6: Addresses = Addresses {
    server: "2001:db8:c0::10",
    url_host: "[2001:db8:c0::10]",
    any: "[::]:80",
    uplink: "2001:db8:c0::1",
    server_bits: 64,
    cni0: "2001:db8:42::1",
    pod: "2001:db8:42::108",
    pod_bits: 64,
    pod_subnet: "2001:db8:42::/64",
    docker0: "2001:db8:17::1",
    inner: "2001:db8:17::2",
    inner_bits: 64,
    inner_subnet: "2001:db8:17::/64",
    forwarding: "net/ipv6/conf/all/forwarding",
    nft_family: "ip6",
};
