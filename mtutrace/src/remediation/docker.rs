//! Docker: its default bridge, which the daemon's `mtu` reaches, and networks of their own, which it does not.
//!
//! <https://docs.docker.com/reference/cli/dockerd/>, <https://docs.docker.com/engine/network/drivers/bridge/>
use super::context::{Context, spoken};
use super::fix::{config, permanent};
use super::shell::{is_option, quote};
use super::{ci, compose};
use crate::model::Fix;

/// docker0: the daemon's own MTU.
pub(super) fn default_bridge(context: &Context<'_>) -> Vec<Fix> {
    let mtu = context.mtu;
    if !context.nested {
        return vec![config(
            "in /etc/docker/daemon.json of this node, then systemctl restart docker",
            "give docker0's containers the MTU that the network below carries, once they are recreated",
            format!("{{ \"mtu\": {mtu} }}"),
        )];
    }
    // Whoever is known to have started it comes first.
    let mut fixes: Vec<Fix> = context.ci().map(|seen| ci::of_inner_docker(seen, mtu)).into_iter().collect();
    fixes.push(config(
        &context.place("Docker"),
        "restart it with the MTU of its host, and recreate its containers",
        format!("dockerd --mtu={mtu}"),
    ));
    fixes.push(config(
        "in /etc/docker/daemon.json of the image that runs Docker",
        "the same, by its configuration",
        format!("{{ \"mtu\": {mtu} }}"),
    ));
    fixes
}

/// A network of its own, whose id begins with `id`: it must be recreated.
pub(super) fn network(context: &Context<'_>, id: &str) -> Vec<Fix> {
    let mtu = context.mtu;
    let mut fixes = vec![permanent(
        &context.place("Docker"),
        "recreate the network with the right MTU and put its containers back (dockerd --mtu does not reach it; \
         repeat its other options, if it has any)",
        recreate(context, id),
    )];
    let at = if context.setup().is_some_and(|setup| setup.compose.is_some()) { 0 } else { fixes.len() };
    fixes.insert(at, compose::network(context));
    if let Some(of_jobs) = ci::of_networks(context) {
        fixes.insert(0, of_jobs);
    }
    fixes.push(if context.nested {
        config(
            &context.place("Docker"),
            "for all networks created from now on, since Docker 24: restart it with",
            format!("dockerd --mtu={mtu} --default-network-opt=bridge=com.docker.network.driver.mtu={mtu}"),
        )
    } else {
        config(
            "in /etc/docker/daemon.json of this node, then systemctl restart docker",
            "for all networks created from now on, since Docker 24",
            format!(
                "{{ \"mtu\": {mtu}, \"default-network-opts\": {{ \"bridge\": {{ \"com.docker.network.driver.mtu\": \"{mtu}\" }} }} }}"
            ),
        )
    });
    fixes
}

/// A container that is older than the right MTU of its network.
pub(super) fn before(context: &Context<'_>) -> Vec<Fix> {
    let container = context.container.map(spoken).unwrap_or_default();
    vec![permanent(
        &context.place("Docker"),
        "its network has the right MTU by now: restart the container",
        format!("docker restart {container}"),
    )]
}

/// The commands that replace a network under the containers that are on it.
fn recreate(context: &Context<'_>, id: &str) -> String {
    let (first, name) = name(context, id);
    let each = |verb: &str| {
        let line = |container: &String| format!(" && docker network {verb} {name} {container}");
        context.neighbours().iter().map(line).collect::<String>()
    };
    let option = format!("com.docker.network.driver.mtu={}", context.mtu);
    format!(
        "{first}{} && docker network rm {name} && docker network create --opt {option} {name}{}",
        each("disconnect --force"),
        each("connect")
    )
    .trim_start_matches(" && ")
    .to_owned()
}

/// The network's name for a shell, and what has to run before that if Docker has not told it.
fn name(context: &Context<'_>, id: &str) -> (String, String) {
    let known = context.setup().and_then(|setup| setup.network_of(&context.m.culprit.interface));
    match known.filter(|network| !is_option(&network.name)) {
        Some(network) => (String::new(), quote(&network.name)),
        None => {
            let ask = format!("network=$(docker network inspect --format '{{{{.Name}}}}' {})", quote(id));
            // Whatever it is called, it is no option.
            (ask, "-- \"$network\"".to_owned())
        }
    }
}
