//! Remedies for a tunnel whose MTU leaves no room for its headers, by who made it.
use super::fix::{config, now, permanent};
use super::shell::{enter, quote};
use crate::model::{Fix, Mismatch, Node};
use crate::topology::{self, Underlay};

/// The remedies for a mismatch that is a tunnel's; nothing for others.
pub(crate) fn fixes_of(m: &Mismatch, node: &Node) -> Option<Vec<Fix>> {
    topology::wrong_tunnel(node, &m.bottleneck).map(|below| fixes(&below, node))
}

/// The setting of whoever made the tunnel, as its device's name tells, then the MTU itself at once.
pub(crate) fn fixes(below: &Underlay, node: &Node) -> Vec<Fix> {
    let (name, fits) = (below.tunnel.interface.as_str(), below.fits);
    let mut fixes = lasting(name, fits, below.overhead, below.device.mtu);
    let command = format!("{}ip link set dev {} mtu {fits}", enter(below.tunnel.netns, node), quote(name));
    let what =
        "works at once, lost when the tunnel is recreated; containers keep their MTU and are told by ICMP";
    fixes.push(now("on this node, as root", what, command));
    fixes
}

fn lasting(name: &str, fits: u32, overhead: u32, carried: u32) -> Vec<Fix> {
    let starts = |prefixes: &[&str]| prefixes.iter().any(|prefix| name.starts_with(prefix));
    let calico = |key: &str| {
        let patch = format!("{{\"spec\":{{\"{key}\":{fits}}}}}");
        vec![
            permanent(
                "in the cluster, if Calico's operator runs it",
                "set the MTU that fits on the tunnel and new pods, then restart calico-node and the pods",
                format!(
                    "kubectl patch installation.operator.tigera.io default --type merge -p '{{\"spec\":{{\"calicoNetwork\":{{\"mtu\":{fits}}}}}}}'"
                ),
            ),
            permanent(
                "in the cluster, if manifests run it",
                "the same, by Felix (and veth_mtu of the config map calico-config)",
                format!("kubectl patch felixconfiguration default --type merge -p '{patch}'"),
            ),
        ]
    };
    match name {
        "vxlan.calico" | "vxlan-v6.calico" => calico("vxlanMTU"),
        "tunl0" => calico("ipipMTU"),
        "wireguard.cali" | "wg-v6.cali" => calico("wireguardMTU"),
        _ if starts(&["flannel"]) => vec![config(
            "in net-conf.json of the config map kube-flannel-cfg, then restart kube-flannel-ds and the pods",
            "tell flannel the MTU of the nodes' network; it subtracts its headers itself",
            format!("\"Backend\": {{ \"Type\": \"vxlan\", \"MTU\": {carried} }}"),
        )],
        _ if starts(&["cilium_"]) => vec![permanent(
            "in the config map cilium-config (Helm: MTU), then restart Cilium and the pods",
            "tell Cilium the MTU of the nodes' network; it subtracts its headers itself",
            format!(
                "kubectl -n kube-system patch configmap cilium-config --type merge -p '{{\"data\":{{\"mtu\":\"{carried}\"}}}}'"
            ),
        )],
        _ if starts(&["genev_sys_", "vxlan_sys_"]) => vec![config(
            "in the database of Open vSwitch on this node (OVN-Kubernetes: the cluster's MTU)",
            "set the MTU that fits on the ports that use the tunnel",
            format!("ovs-vsctl set Interface PORT mtu_request={fits}"),
        )],
        _ if starts(&["vx-"]) => vec![config(
            "on a manager of the swarm",
            "recreate the overlay network and its services with the MTU that fits",
            format!("docker network create --driver overlay --opt com.docker.network.driver.mtu={fits} NAME"),
        )],
        _ if starts(&["wg"]) => vec![config(
            &format!("in the section [Interface] of /etc/wireguard/{name}.conf, then wg-quick down and up"),
            "leave room for WireGuard's headers",
            format!("MTU = {fits}"),
        )],
        _ => vec![config(
            "in the configuration that made the tunnel",
            "leave room for its headers",
            format!("mtu {fits} (= {carried} - {overhead})"),
        )],
    }
}

#[cfg(test)]
mod tests {
    use test_case::test_case;

    use super::*;
    use crate::model::LinkKind;
    use crate::testing::node::{Builder, HOST, id, ip};
    use crate::topology::underlay;
    use crate::topology::underlay::tests::vxlan;

    #[test_case("vxlan.calico", "\"vxlanMTU\":1400", true)]
    #[test_case("flannel.1", "\"MTU\": 1450", false)]
    #[test_case("cilium_vxlan", "\"mtu\":\"1450\"", false)]
    #[test_case("wg0", "MTU = 1400", false)]
    #[test_case("tun'nel", "mtu 1400 (= 1450 - 50)", false)]
    fn by_the_device_s_name(name: &str, part: &str, second: bool) {
        let node = Builder::new()
            .device(1, 2, "eth0", LinkKind::Physical, 1450)
            .address(1, 2, "192.0.2.1/24")
            .device(1, 3, name, LinkKind::Vxlan, 1500)
            .edit(1, 3, |link| link.tunnel = Some(vxlan(Some(ip("192.0.2.2")))))
            .0;
        let all = fixes(&underlay(&node, id(HOST.0, 3)).unwrap(), &node);
        assert!(all[usize::from(second)].command.contains(part), "{all:#?}");
        let last = &all.last().unwrap().command;
        assert_eq!(*last, format!("ip link set dev {} mtu 1400", quote(name)));
    }
}
