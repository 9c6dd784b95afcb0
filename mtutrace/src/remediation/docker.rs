//! Docker: its default bridge, which the daemon's `mtu` reaches, and networks of their own, which it does not.
//!
//! <https://docs.docker.com/reference/cli/dockerd/>, <https://docs.docker.com/engine/network/drivers/bridge/>
use super::{Facts, ci, compose, fix, quote, spoken};
use crate::model::Fix;

/// docker0: the daemon's own number.
pub(super) fn default_bridge(facts: &Facts<'_>) -> Vec<Fix> {
    let mtu = facts.mtu;
    if !facts.nested {
        return vec![fix(
            "in /etc/docker/daemon.json of this node, then systemctl restart docker",
            "give docker0's containers the MTU of the network below, once they are started anew",
            format!("{{ \"mtu\": {mtu} }}"),
        )];
    }
    let mut fixes = vec![fix(
        &facts.place("Docker"),
        "restart it with the MTU of its host, and make its containers anew",
        format!("dockerd --mtu={mtu}"),
    )];
    // Whoever is known to have started it comes first.
    let at = if facts.ci().is_some() { 0 } else { fixes.len() };
    fixes.splice(at..at, ci::of_inner_docker(facts.ci(), mtu));
    fixes.push(fix(
        "in /etc/docker/daemon.json of the image that runs Docker",
        "the same, by its configuration",
        format!("{{ \"mtu\": {mtu} }}"),
    ));
    fixes
}

/// A network of its own, whose id begins with `id`: it has to be made anew.
pub(super) fn network(facts: &Facts<'_>, id: &str) -> Vec<Fix> {
    let mtu = facts.mtu;
    let mut fixes = vec![fix(
        &facts.place("Docker"),
        "make the network anew with the right MTU and put its containers back (dockerd --mtu does not reach it; \
         repeat its other options, if it has any)",
        anew(facts, id),
    )];
    let at = if facts.setup().is_some_and(|setup| setup.compose.is_some()) { 0 } else { fixes.len() };
    fixes.insert(at, compose::network(facts));
    if let Some(of_jobs) = ci::of_networks(facts) {
        fixes.insert(0, of_jobs);
    }
    fixes.push(if facts.nested {
        fix(
            &facts.place("Docker"),
            "for all networks that are made from now on, since Docker 24: restart it with",
            format!("dockerd --mtu={mtu} --default-network-opt=bridge=com.docker.network.driver.mtu={mtu}"),
        )
    } else {
        fix(
            "in /etc/docker/daemon.json of this node, then systemctl restart docker",
            "for all networks that are made from now on, since Docker 24",
            format!(
                "{{ \"mtu\": {mtu}, \"default-network-opts\": {{ \"bridge\": {{ \"com.docker.network.driver.mtu\": \"{mtu}\" }} }} }}"
            ),
        )
    });
    fixes
}

/// A container that is older than the right number of its network.
pub(super) fn before(facts: &Facts<'_>) -> Vec<Fix> {
    let container = facts.container.map(spoken).unwrap_or_default();
    vec![fix(
        &facts.place("Docker"),
        "its network has the right MTU by now: start the container anew",
        format!("docker restart {container}"),
    )]
}

/// The commands that replace a network under the containers that are on it.
fn anew(facts: &Facts<'_>, id: &str) -> String {
    let (first, name) = name(facts, id);
    let each = |verb: &str| {
        let line = |container: &String| format!(" && docker network {verb} {name} {container}");
        facts.neighbours().iter().map(line).collect::<String>()
    };
    let option = format!("com.docker.network.driver.mtu={}", facts.mtu);
    format!(
        "{first}{} && docker network rm {name} && docker network create --opt {option} {name}{}",
        each("disconnect --force"),
        each("connect")
    )
    .trim_start_matches(" && ")
    .to_owned()
}

/// The network's name for a shell, and what has to run before that if Docker has not told it.
fn name(facts: &Facts<'_>, id: &str) -> (String, String) {
    match facts.setup().and_then(|setup| setup.network_of(&facts.m.culprit.interface)) {
        Some(network) => (String::new(), quote(&network.name)),
        None => {
            let ask = format!("network=$(docker network inspect --format '{{{{.Name}}}}' {})", quote(id));
            (ask, "\"$network\"".to_owned())
        }
    }
}
