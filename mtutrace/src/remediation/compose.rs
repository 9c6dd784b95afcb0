//! Compose: the networks of a project.
//!
//! <https://docs.docker.com/reference/compose-file/networks/>
use super::context::Context;
use super::fix::config;
use super::shell::{quote, yaml};
use crate::model::Fix;

/// The setting for the network of the culprit bridge, for the default one if it is not known.
pub(super) fn network(context: &Context<'_>) -> Fix {
    let setup = context.setup();
    let Some(project) = setup.and_then(|setup| setup.compose.as_ref()).map(|compose| &compose.project) else {
        let place = "in the compose file, if compose made it, then docker compose down and docker compose up --detach";
        return config(place, "the same, by compose", setting("default", context.mtu));
    };
    let network = setup.and_then(|setup| setup.network_of(&context.m.culprit.interface));
    // Compose puts the project before the name that stands in its file.
    let key = network.and_then(|network| network.name.strip_prefix(project.as_str())?.strip_prefix('_'));
    let again = format!("docker compose --project-name {}", quote(project));
    config(
        &format!("in the compose file of project {project}, then {again} down and {again} up --detach"),
        "give the project's network the MTU that the network below carries (dockerd --mtu does not reach it)",
        setting(key.unwrap_or("default"), context.mtu),
    )
}

fn setting(network: &str, mtu: u32) -> String {
    let network = yaml(network);
    format!("networks: {{ {network}: {{ driver_opts: {{ com.docker.network.driver.mtu: \"{mtu}\" }} }} }}")
}
