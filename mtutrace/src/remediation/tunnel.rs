//! Remedies for a tunnel whose MTU leaves no room for its headers, by who made it.
use super::context::Context;
use super::fix::{config, now, once, permanent, ranked};
use super::shell::{enter, quote};
use crate::model::{Fix, Learnt, Mismatch, Node};
use crate::topology::lookup::{Lookup, lookup};
use crate::topology::{self, Underlay};

/// The remedies for a mismatch that is a tunnel's; nothing for others.
pub(crate) fn fixes_of(m: &Mismatch, node: &Node) -> Option<Vec<Fix>> {
    topology::wrong_tunnel(node, &m.bottleneck).map(|below| fixes(&below, node))
}

/// The setting of whoever made the tunnel, as its device's name tells, then the MTU itself at once.
pub(crate) fn fixes(below: &Underlay, node: &Node) -> Vec<Fix> {
    if let Some(learnt) = below.learnt {
        return ranked(forget(below, learnt, node));
    }
    let (name, fits) = (below.tunnel.interface.as_str(), below.fits);
    let home =
        node.netns.get(&below.tunnel.netns).and_then(|netns| netns.mount.as_ref().or(netns.name.as_ref()));
    let mut fixes = match home.and_then(|path| swarm_network(path)).filter(|_| name.starts_with("vx")) {
        Some(network) => vec![swarm_overlay(Some(network), fits)],
        None => lasting(name, fits, below.overhead, below.device.mtu),
    };
    let set =
        |mtu: u32| format!("{}ip link set dev {} mtu {mtu}", enter(below.tunnel.netns, node), quote(name));
    let what =
        "works at once, lost when the tunnel is recreated; containers keep their MTU and are told by ICMP";
    fixes.push(now("on this node, as root", what, set(fits), set(below.tunnel.mtu)));
    ranked(fixes)
}

/// A path MTU that the kernel has learnt towards another end is smaller than what the numbers of the devices promise.
fn forget(below: &Underlay, learnt: Learnt, node: &Node) -> Vec<Fix> {
    let inside = enter(below.device.netns, node);
    let (family, bits, to) = if learnt.destination.is_ipv4() { ("", 32, "") } else { ("-6 ", 128, " to") };
    let (remote, device) = (learnt.destination, quote(&below.device.interface));
    let real = node.link(below.device.id()).map_or(below.device.mtu, |link| link.mtu);
    let one = if to.is_empty() { String::new() } else { format!("{to} {remote}") };
    let via = match node.netns.get(&below.device.netns).map(|netns| lookup(netns, Some(remote))) {
        Some(Lookup::Out(out)) => out.next_hop.filter(|ip| *ip != remote).map(|ip| format!("via {ip} ")),
        _ => None,
    };
    vec![
        once(
            "on this node, as root",
            &format!(
                "forget the path MTU of {} towards {remote} that an ICMP message announced; it comes back with the next one \
                 if the network carries no more",
                learnt.mtu
            ),
            format!("{inside}ip {family}route flush cache{one}"),
        ),
        permanent(
            "on this node, as root, and in the configuration of its network",
            "learn nothing towards that node any more, if the network does carry as much as the devices' MTUs say",
            format!(
                "{inside}ip {family}route replace {remote}/{bits} {}dev {device} mtu lock {real}",
                via.unwrap_or_default()
            ),
        ),
    ]
}

/// The beginning of the id of the overlay network whose namespace it is: Docker calls that `1-qa7s8dk3f9`, where the
/// number counts.
fn swarm_network(path: &str) -> Option<&str> {
    let (count, id) = path.rsplit_once('/').map_or(path, |(_, name)| name).split_once('-')?;
    let plain = |text: &str, is: fn(&u8) -> bool| !text.is_empty() && text.bytes().all(|byte| is(&byte));
    (plain(count, u8::is_ascii_digit) && id.len() == 10 && plain(id, u8::is_ascii_alphanumeric)).then_some(id)
}

fn swarm_overlay(id: Option<&str>, fits: u32) -> Fix {
    let create = format!("docker network create -d overlay --opt com.docker.network.driver.mtu={fits}");
    let place = "on a manager of the swarm, once the services on it are removed; then deploy them again";
    let what =
        "recreate the overlay network with the MTU that fits (repeat its other options, if it has any)";
    match id {
        Some(id) => permanent(
            place,
            what,
            format!(
                "network=$(docker network inspect --format '{{{{.Name}}}}' {id}) && docker network rm \"$network\" && \
                 {create} \"$network\""
            ),
        ),
        None => config(place, what, format!("{create} NAME")),
    }
}

/// The setting of a tunnel that is the container's own way out, and wider than what comes behind its other end.
pub(super) fn of_container(context: &Context<'_>) -> Vec<Fix> {
    let Context { mtu, m, .. } = context;
    vec![config(
        "in the configuration that made the tunnel, on both of its ends",
        "give it the MTU that its way on carries",
        format!("mtu {mtu} on {}", m.culprit.interface),
    )]
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
        _ if starts(&["vx-"]) => vec![swarm_overlay(None, fits)],
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
    use crate::model::{FixScope, LinkKind, NetnsId};
    use crate::testing::node::{Builder, HOST, id, ip};
    use crate::topology::underlay;
    use crate::topology::underlay::tests::vxlan;

    #[test]
    fn the_overlay_of_a_swarm_by_the_place_of_its_namespace() {
        let mut node = Builder::new()
            .device(2, 2, "eth0", LinkKind::Physical, 1350)
            .address(2, 2, "192.0.2.1/24")
            .device(2, 3, "vxlan0", LinkKind::Vxlan, 1450)
            .edit(2, 3, |link| link.tunnel = Some(vxlan(Some(ip("192.0.2.2")))))
            .0;
        let first = |node: &Node| fixes(&underlay(node, id(2, 3)).unwrap(), node).swap_remove(0);
        assert_eq!(first(&node).command, "mtu 1300 (= 1350 - 50)");
        node.netns.get_mut(&NetnsId(2)).unwrap().mount = Some("/run/docker/netns/1-qa7s8dk3f9".to_owned());
        let Fix { command, scope, .. } = first(&node);
        assert!(command.contains("inspect --format '{{.Name}}' qa7s8dk3f9)"), "{command}");
        assert!(
            command.ends_with("create -d overlay --opt com.docker.network.driver.mtu=1300 \"$network\""),
            "{command}"
        );
        assert_eq!(scope, FixScope::Permanent);
        assert_eq!(["1-a", "x-qa7s8dk3f9", "/a/lb_qa7s8dk3"].map(swarm_network), [None; 3]);
    }

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
