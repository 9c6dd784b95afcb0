//! CI systems that start the inner Docker: where theirs is told.
//!
//! <https://plugins.drone.io/plugins/docker>, <https://docs.gitlab.com/runner/executors/docker/>,
//! <https://github.com/actions/actions-runner-controller/issues/3691>
use super::context::Context;
use super::fix::config;
use crate::model::{Ci, Fix};

/// The setting by which the CI system that was seen passes a number on to the dockerd that it starts.
pub(super) fn of_inner_docker(seen: Ci, mtu: u32) -> Fix {
    match seen {
        Ci::Drone | Ci::Woodpecker => config(
            "in the pipeline's step of the plugin that runs Docker (Drone, Woodpecker)",
            "give the Docker in it the MTU of its host, by the CI system",
            format!("settings: {{ mtu: {mtu} }}"),
        ),
        Ci::GitLab => config(
            "in .gitlab-ci.yml, of the job whose service runs Docker (GitLab)",
            "give the Docker in it the MTU of its host, by the CI system",
            format!("services: [ {{ name: \"docker:dind\", command: [ \"--mtu={mtu}\" ] }} ]"),
        ),
        Ci::GitHub => runner(mtu),
    }
}

/// The setting for the networks that a CI system makes for its jobs.
pub(super) fn of_networks(context: &Context<'_>) -> Option<Fix> {
    match (context.ci()?, context.nested) {
        (Ci::GitHub, true) => Some(runner(context.mtu)),
        (Ci::GitLab, false) => Some(config(
            "in config.toml of GitLab Runner, in the section [runners.docker]",
            "give the networks that it makes for jobs (FF_NETWORK_PER_BUILD) the MTU that the network below carries",
            format!("network_mtu = {}", context.mtu),
        )),
        _ => None,
    }
}

/// Runners of GitHub Actions in Kubernetes.
fn runner(mtu: u32) -> Fix {
    config(
        "in the values of gha-runner-scale-set, of the container dind in template.spec.containers (GitHub Actions)",
        "give the Docker in it the MTU of its host, and the networks that it makes for jobs too (since Docker 24)",
        format!(
            "args: [ dockerd, \"--host=unix:///var/run/docker.sock\", \"--group=$(DOCKER_GROUP_GID)\", \"--mtu={mtu}\", \
             \"--default-network-opt=bridge=com.docker.network.driver.mtu={mtu}\" ]"
        ),
    )
}
