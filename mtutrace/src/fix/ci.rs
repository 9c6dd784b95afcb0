//! CI systems that start the inner Docker: where theirs is told.
use super::fix;
use crate::model::Fix;

/// The setting by which each passes a number on to the dockerd that it starts.
pub(super) fn of_inner_docker(mtu: u32) -> Vec<Fix> {
    vec![
        fix(
            "in the pipeline's step of the plugin that runs Docker (Drone, Woodpecker)",
            "the same, by the CI system",
            format!("settings: {{ mtu: {mtu} }}"),
        ),
        fix(
            "in .gitlab-ci.yml, of the job whose service runs Docker (GitLab)",
            "the same, by the CI system",
            format!("services: [ {{ name: \"docker:dind\", command: [ \"--mtu={mtu}\" ] }} ]"),
        ),
        fix(
            "in the values of gha-runner-scale-set, of the container dind in template.spec.containers (GitHub Actions)",
            "the same, by the CI system, and for the networks that it makes for jobs (since Docker 24)",
            format!(
                "args: [ dockerd, \"--host=unix:///var/run/docker.sock\", \"--group=$(DOCKER_GROUP_GID)\", \"--mtu={mtu}\", \
                 \"--default-network-opt=bridge=com.docker.network.driver.mtu={mtu}\" ]"
            ),
        ),
    ]
}
