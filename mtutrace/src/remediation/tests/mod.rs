mod hostile;

use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;

use super::shell::quote;
use super::*;
use crate::model::{Ci, Compose, DeviceId, Hop, Link, LinkKind, Network, Runtime, Setup};
use test_case::test_case;
use yaml_rust2::YamlLoader;

const HOST: NetnsId = NetnsId(1);
const POD: NetnsId = NetnsId(2);
const INNER: NetnsId = NetnsId(3);
const BESIDE: NetnsId = NetnsId(4);
/// The limit; nobody's default.
const MTU: u32 = 1437;

fn hop(interface: &str, netns: NetnsId, mtu: u32, kind: LinkKind, ifindex: u32) -> Hop {
    Hop { interface: interface.to_owned(), netns, mtu, kind, ifindex }
}

fn link(name: &str, ifindex: u32, master: Option<u32>, peer: Option<NetnsId>) -> Link {
    let peer = peer.map(|netns| DeviceId { netns, ifindex: 1 });
    let kind = LinkKind::Veth;
    let mac = Vec::new();
    Link {
        ifindex,
        name: name.to_owned(),
        mtu: 1500,
        kind,
        ethernet: true,
        up: true,
        mac,
        master,
        learning: true,
        peer,
        tunnel: None,
    }
}

/// Two containers on a bridge of the host or of a pod, and what lies there besides.
fn node(place: NetnsId, beside: &str) -> Node {
    let mut node = Node { host: HOST, ..Node::default() };
    for (netns, pid, id) in [(POD, 20, "9"), (INNER, 30, "a"), (BESIDE, 40, "b")] {
        let one = node.netns.entry(netns).or_default();
        one.pid = Some(pid);
        one.containers.push(Container::new(id.repeat(64)));
    }
    let links = [
        link("veth1", 11, Some(10), Some(INNER)),
        link("veth2", 12, Some(10), Some(BESIDE)),
        link("other", 13, Some(9), Some(POD)),
        link(beside, 14, None, None),
    ];
    let place = node.netns.entry(place).or_default();
    place.links.extend(links.into_iter().map(|link| (link.ifindex, link)));
    node
}

/// The remedies for a container on `bridge`, in a pod or on the host.
fn on_bridge(bridge: &str, nested: bool, beside: &str) -> Vec<Fix> {
    set_up(bridge, nested, beside, None)
}

/// Likewise, with what its runtime told.
fn set_up(bridge: &str, nested: bool, beside: &str, setup: Option<Setup>) -> Vec<Fix> {
    let place = if nested { POD } else { HOST };
    let culprit = hop(bridge, place, 1500, LinkKind::Bridge, 10);
    let own = hop("eth0", INNER, 1500, LinkKind::Veth, 1);
    let bottleneck = hop("uplink", place, MTU, LinkKind::Veth, 5);
    let m = Mismatch { path: vec![own, culprit.clone(), bottleneck.clone()], culprit, bottleneck };
    let runtime = Some(Runtime::Docker);
    let container = Container { runtime, setup: setup.map(Arc::new), ..Container::new("a".repeat(64)) };
    fixes(&m, Some(&container), INNER, &node(place, beside))
}

/// The remedies for a container whose own device is what is wrong; `next` is the device behind it.
fn alone(next: &str, kind: LinkKind, runtime: Option<Runtime>) -> Vec<Fix> {
    let culprit = hop("eth0", INNER, 1500, LinkKind::Veth, 1);
    let bottleneck = hop("uplink", HOST, MTU, LinkKind::Physical, 5);
    let path = vec![culprit.clone(), hop(next, HOST, MTU, kind, 11), bottleneck.clone()];
    let container = Container { runtime, ..Container::new("a".repeat(64)) };
    let m = Mismatch { path, culprit, bottleneck };
    fixes(&m, Some(&container), INNER, &node(HOST, "eth9"))
}

#[test_case("docker0", true => "dockerd --mtu=1437"; "docker in docker")]
#[test_case("docker0", false => "{ \"mtu\": 1437 }"; "docker on the node")]
#[test_case("cni0", false => "\"mtu\": 1437"; "the bridge plugin")]
#[test_case("nerdctl0", false => "\"mtu\": 1437"; "nerdctl")]
#[test_case("podman0", false => "\"options\": { \"mtu\": \"1437\" }"; "podman's default")]
#[test_case("lxdbr0", false => "lxc network set lxdbr0 bridge.mtu=1437"; "LXD")]
#[test_case("incusbr0", false => "incus network set incusbr0 bridge.mtu=1437"; "Incus")]
#[test_case("lxcbr0", false => "lxc.net.0.mtu = 1437"; "LXC")]
#[test_case("nomad", false => "\"mtu\": 1437"; "Nomad's bridge is CNI's")]
#[test_case("lan", false => "nsenter --target 30 --net ip link set dev eth0 mtu 1437"; "by hand")]
fn the_first_is_for_how_it_was_made(bridge: &str, nested: bool) -> String {
    on_bridge(bridge, nested, "eth9")[0].command.clone()
}

#[test]
fn a_network_of_its_own_is_made_anew_under_all_its_containers() {
    let command = &on_bridge("br-0123456789ab", true, "eth9")[0].command;
    let expected = "network=$(docker network inspect --format '{{.Name}}' 0123456789ab) && \
        docker network disconnect --force -- \"$network\" aaaaaaaaaaaa && docker network disconnect --force -- \"$network\" bbbbbbbbbbbb && \
        docker network rm -- \"$network\" && \
        docker network create --opt com.docker.network.driver.mtu=1437 -- \"$network\" && \
        docker network connect -- \"$network\" aaaaaaaaaaaa && docker network connect -- \"$network\" bbbbbbbbbbbb";
    assert_eq!(command, expected);
}

#[test]
fn a_network_of_podman_by_the_name_of_its_bridge() {
    let command = &on_bridge("podman3", false, "eth9")[0].command;
    assert!(command.contains("sed -n 's/^podman3 //p'") && command.contains("--opt mtu=1437"), "{command}");
}

#[test_case("cali0123", LinkKind::Veth, Some(Runtime::Containerd) => "kubectl patch installation"; "calico")]
#[test_case("lxc0123", LinkKind::Veth, Some(Runtime::CriO) => "helm upgrade cilium"; "cilium")]
#[test_case("veth0123", LinkKind::Veth, Some(Runtime::Containerd) => "\"mtu\": 1437"; "ptp")]
#[test_case("docker0", LinkKind::Bridge, Some(Runtime::Docker) => "docker restart aaaaaaaaaaaa"; "older than its network's number")]
#[test_case("veth0123", LinkKind::Veth, None => "nsenter --target 30"; "unknown")]
fn without_a_wrong_bridge(next: &str, kind: LinkKind, runtime: Option<Runtime>) -> String {
    let command = alone(next, kind, runtime)[0].command.clone();
    let known = ["kubectl patch installation", "helm upgrade cilium", "nsenter --target 30"];
    known.into_iter().find(|start| command.starts_with(start)).map_or(command.clone(), str::to_owned)
}

#[test]
fn flannel_gets_the_number_of_the_network_below_its_tunnel() {
    let fixes = on_bridge("cni0", false, "flannel.1");
    assert_eq!(fixes[0].command, "\"Backend\": { \"Type\": \"vxlan\", \"MTU\": 1487 }");
}

fn told(network: &str, project: Option<&str>, ci: Option<Ci>) -> Setup {
    let id = "0123456789ab".to_owned() + &"0".repeat(52);
    let compose = project.map(|project| Compose { project: project.to_owned(), service: None });
    Setup { networks: vec![Network { name: network.to_owned(), id }], compose, ci }
}

#[test]
fn a_network_by_its_name_where_docker_told_it() {
    let command = &set_up("br-0123456789ab", true, "eth9", Some(told("it's", None, None)))[0].command;
    assert!(
        command.starts_with(r"docker network disconnect --force 'it'\''s' aaaaaaaaaaaa && "),
        "{command}"
    );
    assert!(command.contains(r"driver.mtu=1437 'it'\''s' && docker network connect 'it'\''s'"), "{command}");
}

#[test]
fn a_network_of_compose_by_its_key_in_the_file() {
    let fix = &set_up("br-0123456789ab", false, "eth9", Some(told("web_back", Some("web"), None)))[0];
    assert!(fix.r#where.contains("docker compose --project-name web down"), "{fix:?}");
    let expected = "networks: { \"back\": { driver_opts: { com.docker.network.driver.mtu: \"1437\" } } }";
    assert_eq!(fix.command, expected);
}

#[test_case("docker0", true, Ci::Drone => "settings: { mtu: 1437 }"; "drone")]
#[test_case("docker0", true, Ci::GitLab => "services: [ { name: \"docker:dind\", command: [ \"--mtu=1437\" ] } ]"; "gitlab")]
#[test_case("br-0123456789ab", false, Ci::GitLab => "network_mtu = 1437"; "a network of gitlab's runner")]
fn the_ci_system_that_made_it(bridge: &str, nested: bool, ci: Ci) -> String {
    set_up(bridge, nested, "eth9", Some(told("x", None, Some(ci))))[0].command.clone()
}

#[test]
fn a_network_of_github_in_its_own_docker() {
    let command =
        &set_up("br-0123456789ab", true, "eth9", Some(told("github_network_1", None, Some(Ci::GitHub))))[0]
            .command;
    assert!(command.starts_with("args: [ dockerd, ") && command.contains("driver.mtu=1437"), "{command}");
}

/// Every set of remedies that there is.
fn all() -> Vec<Fix> {
    let bridges = [
        "docker0",
        "br-0123456789ab",
        "docker_gwbridge",
        "lxdbr0",
        "incusbr0",
        "cni0",
        "nerdctl0",
        "podman0",
        "podman1",
        "lan; reboot",
    ];
    let on_bridges = bridges.iter().flat_map(|bridge| [(*bridge, true), (*bridge, false)]);
    let mut all: Vec<Fix> =
        on_bridges.flat_map(|(bridge, nested)| on_bridge(bridge, nested, "eth9")).collect();
    all.extend(on_bridge("cni0", false, "flannel.1"));
    for ci in [Ci::Drone, Ci::GitHub, Ci::GitLab, Ci::Woodpecker] {
        all.extend(set_up("docker0", true, "eth9", Some(told("x", Some("a: b"), Some(ci)))));
        all.extend(set_up("br-0123456789ab", true, "eth9", Some(told("a: b_c\"d", Some("a: b"), Some(ci)))));
    }
    for next in ["cali1", "lxc1", "veth1"] {
        for runtime in [Runtime::Docker, Runtime::Containerd, Runtime::CriO, Runtime::Podman] {
            all.extend(alone(next, LinkKind::Veth, Some(runtime)));
        }
    }
    all
}

/// A shell reads the commands, and JSON and YAML parsers the settings.
#[test]
fn each_is_well_formed() {
    let programs = [
        "lxc", "incus", "docker", "dockerd", "kubectl", "helm", "podman", "ip", "nsenter", "nft", "iptables",
    ];
    for fix in all() {
        let text = &fix.command;
        let first = text.split([' ', '=']).next().unwrap_or_default();
        if programs.contains(&first) || first == "network" {
            let mut shell = Command::new("sh").arg("-n").stdin(Stdio::piped()).spawn().unwrap();
            shell.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
            assert!(shell.wait().unwrap().success(), "{text}");
        } else if text.starts_with(['{', '"']) {
            let whole = if text.starts_with('{') { text.clone() } else { format!("{{ {text} }}") };
            serde_json::from_str::<serde_json::Value>(&whole).unwrap_or_else(|e| panic!("{e}: {text}"));
        } else {
            let documents = YamlLoader::load_from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"));
            assert!(documents[0].as_hash().is_some_and(|map| map.len() == 1), "{text}");
        }
    }
}

#[test]
fn every_lasting_remedy_has_the_number_and_relief_comes_last() {
    for fix in all() {
        let own_limit = ["set rt mtu", "--clamp-mss-to-pmtu", "flannel-conf", "docker restart"];
        let numbered = ["1437", "1487"].iter().any(|number| fix.command.contains(number));
        assert!(numbered || own_limit.iter().any(|words| fix.command.contains(words)), "{fix:?}");
        assert!(!fix.r#where.is_empty() && !fix.what.is_empty());
    }
    let commands: Vec<String> = on_bridge("docker0", true, "eth9").into_iter().map(|f| f.command).collect();
    let last = &commands[commands.len() - 3..];
    assert!(last[0].starts_with("nsenter --target 30 --net ip link set dev eth0"), "{last:?}");
    assert!(last[1].starts_with("nsenter --target 20 --net nft "), "{last:?}");
    assert!(last[2].starts_with("nsenter --target 20 --net iptables "), "{last:?}");
}

#[test]
fn names_cannot_break_out_of_a_command() {
    assert_eq!(quote("a'; reboot #"), r"'a'\''; reboot #'");
    assert_eq!(quote("eth0.100"), "eth0.100");
    assert_eq!(quote(""), "''");
}

#[test_case("br0", "web", "lxc config device override web eth0 mtu=1437"; "LXD on a bridge of the host")]
#[test_case("vmbr0", "100", "net0: name=eth0,bridge=vmbr0,mtu=1437"; "Proxmox")]
fn containers_that_have_a_name(bridge: &str, name: &str, expected: &str) {
    let culprit = hop(bridge, HOST, 1500, LinkKind::Bridge, 10);
    let bottleneck = hop("uplink", HOST, MTU, LinkKind::Physical, 5);
    let own = hop("eth0", INNER, 1500, LinkKind::Veth, 1);
    let m = Mismatch { path: vec![own, culprit.clone(), bottleneck.clone()], culprit, bottleneck };
    let container = Container { runtime: Some(Runtime::Lxc), ..Container::new(name) };
    assert_eq!(fixes(&m, Some(&container), INNER, &node(HOST, "eth9"))[0].command, expected);
}

#[test]
fn networks_of_swarm_and_kind() {
    let command = &on_bridge("docker_gwbridge", false, "eth9")[0].command;
    assert!(command.starts_with(
        "docker network rm docker_gwbridge && docker network create --opt com.docker.network.driver.mtu=1437 "
    ));
    let command = &set_up("br-0123456789ab", false, "eth9", Some(told("kind", None, None)))[0].command;
    assert!(
        command.contains("docker network create --driver bridge kind -o com.docker.network.driver.mtu=1437"),
        "{command}"
    );
}
