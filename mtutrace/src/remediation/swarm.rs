//! Docker's networks that are neither the daemon's default nor a plain bridge: swarm's, and kind's.
//!
//! <https://docs.docker.com/engine/swarm/networking/>, <https://kind.sigs.k8s.io/>
use super::context::Context;
use super::fix::{config, permanent};
use crate::model::Fix;

/// The bridge by which swarm's tasks reach the world.
pub(super) fn gateway_bridge(context: &Context<'_>) -> Vec<Fix> {
    let mtu = context.mtu;
    vec![
        permanent(
            &format!(
                "{}, once no task of the swarm is on it (docker swarm leave, or drain the node)",
                context.place("Docker")
            ),
            "recreate the bridge by which swarm's tasks reach the world (dockerd --mtu does not reach it)",
            format!(
                "docker network rm docker_gwbridge && docker network create --opt com.docker.network.driver.mtu={mtu} \
                 --opt com.docker.network.bridge.name=docker_gwbridge --opt com.docker.network.bridge.enable_icc=false \
                 --opt com.docker.network.bridge.enable_ip_masquerade=true docker_gwbridge"
            ),
        ),
        config(
            "in /etc/docker/daemon.json of this node, then systemctl restart docker",
            "the same for networks created from now on, since Docker 24",
            format!(
                "{{ \"default-network-opts\": {{ \"bridge\": {{ \"com.docker.network.driver.mtu\": \"{mtu}\" }} }} }}"
            ),
        ),
    ]
}

/// kind's network: its nodes are Docker containers on it.
pub(super) fn kind(context: &Context<'_>) -> Vec<Fix> {
    vec![permanent(
        &format!("{}, once its clusters are deleted (kind delete cluster)", context.place("Docker")),
        "recreate kind's network with the right MTU; kind uses one of that name if it is there, and gives it to the pods",
        format!(
            "docker network rm kind && docker network create --driver bridge kind \
             -o com.docker.network.driver.mtu={} -o com.docker.network.bridge.enable_ip_masquerade=true",
            context.mtu
        ),
    )]
}
