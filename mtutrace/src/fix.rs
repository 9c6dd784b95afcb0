//! A verdict and how the container was made give the commands to run. Nothing is executed.
pub mod tunnel;

use crate::charge::Mismatch;
use crate::model::{Container, Fix, Hop, LinkKind, NetnsId, Runtime};
use crate::topology::Node;
use crate::verdict::owner;

/// How the culprit's network was made, as far as names tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// Docker's default bridge.
    Docker0,
    /// A network of `docker network create` or compose.
    DockerNetwork,
    /// A bridge of a CNI plugin.
    Cni,
    /// A network of podman.
    Podman,
    /// Made by hand, or by something unknown.
    Unknown,
}

fn origin(culprit: &Hop, container: Option<&Container>) -> Origin {
    let name = culprit.interface.as_str();
    // Docker names a bridge after the first 12 digits of its network's id.
    let docker_network = name
        .strip_prefix("br-")
        .is_some_and(|id| id.len() == 12 && id.bytes().all(|b| b.is_ascii_hexdigit()));
    match name {
        "docker0" => Origin::Docker0,
        _ if docker_network => Origin::DockerNetwork,
        _ if name.starts_with("podman") || name.starts_with("cni-podman") => Origin::Podman,
        _ if name.starts_with("cni") || name.starts_with("cbr") || name == "kube-bridge" => Origin::Cni,
        _ if culprit.kind == LinkKind::Bridge => Origin::Unknown,
        _ => match container.and_then(|c| c.runtime) {
            Some(Runtime::Docker) => Origin::DockerNetwork,
            Some(Runtime::Podman) => Origin::Podman,
            Some(Runtime::Containerd | Runtime::CriO) => Origin::Cni,
            None => Origin::Unknown,
        },
    }
}

/// The remedies, the lasting one for how this container was made first, then relief for what runs now.
pub fn fixes(m: &Mismatch, container: Option<&Container>, netns: NetnsId, node: &Node) -> Vec<Fix> {
    let mtu = m.bottleneck.mtu;
    // The culprit's namespace belongs to the outer container when Docker runs inside one.
    let nested = m.culprit.netns != netns && m.culprit.netns != node.host;
    let place = if nested {
        format!("in {}, which runs the inner Docker", owner(m.culprit.netns, node))
    } else {
        "on this node".to_owned()
    };
    let mut fixes = match origin(&m.culprit, container) {
        Origin::Docker0 => docker0(&place, nested, mtu),
        Origin::DockerNetwork => docker_network(&place, mtu),
        Origin::Cni => vec![fix(
            "in the CNI configuration (/etc/cni/net.d) of this node, in the plugin of type \"bridge\"",
            "give new pods the MTU of the network below",
            format!("\"mtu\": {mtu}"),
        )],
        Origin::Podman => vec![fix(
            &place,
            "make the network anew with the right MTU, and the containers on it",
            format!("podman network create --opt mtu={mtu} NAME"),
        )],
        Origin::Unknown => Vec::new(),
    };
    fixes.extend(relief(m, netns, node, mtu));
    fixes
}

/// The remedies for two devices that face each other: the same number on both.
pub fn level(m: &Mismatch, node: &Node) -> Vec<Fix> {
    let set = |hop: &Hop, mtu: u32, what: &str| {
        let command =
            format!("{}ip link set dev {} mtu {mtu}", enter(hop.netns, node), quote(&hop.interface));
        fix("on this node, as root", what, command)
    };
    vec![
        set(
            &m.culprit,
            m.bottleneck.mtu,
            "make it as small as what faces it; and so in the configuration that made it",
        ),
        set(&m.bottleneck, m.culprit.mtu, "or as large, if all that lies behind carries that much"),
    ]
}

pub(crate) fn fix(place: &str, what: &str, command: String) -> Fix {
    Fix { r#where: place.to_owned(), what: what.to_owned(), command }
}

fn docker0(place: &str, nested: bool, mtu: u32) -> Vec<Fix> {
    if !nested {
        return vec![fix(
            "in /etc/docker/daemon.json of this node, then restart Docker",
            "give docker0's containers the MTU of the network below",
            format!("{{ \"mtu\": {mtu} }}"),
        )];
    }
    vec![
        fix(
            place,
            "restart it with the MTU of its host, and make its containers anew",
            format!("dockerd --mtu={mtu}"),
        ),
        fix(
            "in the pipeline's settings of the plugin that runs Docker (Drone, Woodpecker)",
            "the same, by the CI system",
            format!("mtu: {mtu}"),
        ),
        fix(
            "in /etc/docker/daemon.json of the image that runs Docker",
            "the same, by its configuration",
            format!("{{ \"mtu\": {mtu} }}"),
        ),
    ]
}

/// `dockerd --mtu` reaches the default bridge only.
fn docker_network(place: &str, mtu: u32) -> Vec<Fix> {
    vec![
        fix(
            place,
            "make the network anew with the right MTU (dockerd --mtu does not reach it), and the containers on it",
            format!("docker network create --opt com.docker.network.driver.mtu={mtu} NAME"),
        ),
        fix(
            "in the compose file, if compose made it",
            "the same, by compose",
            format!(
                "networks: {{ default: {{ driver_opts: {{ com.docker.network.driver.mtu: \"{mtu}\" }} }} }}"
            ),
        ),
    ]
}

/// What helps at once, for this container as it runs.
fn relief(m: &Mismatch, netns: NetnsId, node: &Node, mtu: u32) -> Vec<Fix> {
    let mut fixes = Vec::new();
    if let Some(own) = m.path.first() {
        fixes.push(fix(
            "on this node, as root",
            "relief at once, until the container is made anew: connections made from now on fit",
            format!("{}ip link set dev {} mtu {mtu}", enter(netns, node), quote(&own.interface)),
        ));
    }
    if m.bottleneck.netns != netns {
        let nft = "nft 'add table inet mtu_relief; add chain inet mtu_relief forward { type filter hook forward priority 0; }; \
                   add rule inet mtu_relief forward tcp flags syn tcp option maxseg size set rt mtu'";
        fixes.push(fix(
            "on this node, as root",
            "relief at once for everything that goes through there: clamp the MSS of new connections (undo: nft delete table inet mtu_relief)",
            format!("{}{nft}", enter(m.bottleneck.netns, node)),
        ));
    }
    fixes
}

/// The words that run a command in a namespace.
pub(crate) fn enter(netns: NetnsId, node: &Node) -> String {
    let ns = node.netns.get(&netns);
    if netns == node.host {
        return String::new();
    }
    match (ns.and_then(|n| n.pid), ns.and_then(|n| n.name.as_ref())) {
        (_, Some(name)) => format!("ip netns exec {} ", quote(name)),
        (Some(pid), None) => format!("nsenter --target {pid} --net "),
        (None, None) => String::new(),
    }
}

/// Quotes a word for a POSIX shell where it needs it.
pub(crate) fn quote(word: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.@:/".contains(&b);
    if !word.is_empty() && word.bytes().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    fn hop(interface: &str, netns: u32, mtu: u32, kind: LinkKind) -> Hop {
        Hop { interface: interface.to_owned(), netns: NetnsId(netns), mtu, kind, ifindex: 1 }
    }

    fn fixes_for(bridge: &str, nested: bool) -> Vec<Fix> {
        let mut node = Node { host: NetnsId(1), ..Node::default() };
        let pod = node.netns.entry(NetnsId(2)).or_default();
        pod.pid = Some(20);
        pod.containers.push(Container::new("p".repeat(64)));
        node.netns.entry(NetnsId(3)).or_default().pid = Some(30);
        let culprit = hop(bridge, if nested { 2 } else { 1 }, 1500, LinkKind::Bridge);
        let own = hop("eth0", 3, 1500, LinkKind::Veth);
        let bottleneck = hop("eth0", 2, 1437, LinkKind::Veth);
        let m = Mismatch { path: vec![own, culprit.clone(), bottleneck.clone()], culprit, bottleneck };
        fixes(&m, None, NetnsId(3), &node)
    }

    #[test_case("docker0", true, "dockerd --mtu=1437"; "docker in docker")]
    #[test_case("docker0", false, "{ \"mtu\": 1437 }"; "docker on the node")]
    #[test_case("br-0123456789ab", true, "docker network create --opt com.docker.network.driver.mtu=1437 NAME"; "user-defined")]
    #[test_case("cni0", false, "\"mtu\": 1437"; "cni")]
    #[test_case("podman1", false, "podman network create --opt mtu=1437 NAME"; "podman")]
    #[test_case("lan", false, "nsenter --target 30 --net ip link set dev eth0 mtu 1437"; "by hand")]
    fn the_first_is_for_how_it_was_made(bridge: &str, nested: bool, command: &str) {
        assert_eq!(fixes_for(bridge, nested)[0].command, command);
    }

    #[test]
    fn every_command_has_the_number_and_relief_comes_last() {
        let all = fixes_for("docker0", true);
        assert!(all.iter().all(|f| f.command.contains("1437") || f.command.contains("set rt mtu")));
        assert!(all.last().unwrap().command.starts_with("nsenter --target 20 --net nft"));
    }

    #[test]
    fn names_cannot_break_out_of_a_command() {
        assert_eq!(quote("a'; reboot #"), r"'a'\''; reboot #'");
        assert_eq!(quote("eth0.100"), "eth0.100");
        assert_eq!(quote(""), "''");
    }
}
