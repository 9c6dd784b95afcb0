//! Compose: the networks of a project.
use super::fix;
use crate::model::Fix;

/// The setting for a project's default network.
pub(super) fn network(mtu: u32) -> Fix {
    fix(
        "in the compose file, if compose made it, then docker compose down and up",
        "the same, by compose",
        format!("networks: {{ default: {{ driver_opts: {{ com.docker.network.driver.mtu: \"{mtu}\" }} }} }}"),
    )
}
