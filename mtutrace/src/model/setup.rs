//! How a container was set up, as far as its runtime tells: what a remedy has to name. Not part of the output.
use serde::{Deserialize, Serialize};

/// A network that Docker or podman made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Network {
    /// Its name: what `docker network create` was given.
    pub(crate) name: String,
    /// Its id, 64 hex digits.
    pub(crate) id: String,
}

impl Network {
    /// Whether Docker calls its bridge so: `br-` and the first 12 digits of the id, or `docker0` for the default one.
    pub(crate) fn has_bridge(&self, interface: &str) -> bool {
        let of_id = interface.strip_prefix("br-").zip(self.id.get(..12));
        of_id.is_some_and(|(digits, id)| digits == id) || (interface == "docker0" && self.name == "bridge")
    }
}

/// Whose service of which compose project.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Compose {
    /// `com.docker.compose.project`.
    pub(crate) project: String,
    /// `com.docker.compose.service`.
    pub(crate) service: Option<String>,
}

/// A CI system whose runner made the container or its pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Ci {
    /// Drone.
    Drone,
    /// GitHub Actions.
    GitHub,
    /// GitLab.
    GitLab,
    /// Woodpecker.
    Woodpecker,
}

/// How a container was set up. Text in it comes from outside: escape it, and quote it in commands.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) struct Setup {
    /// The networks that it is plugged into, by name.
    pub(crate) networks: Vec<Network>,
    /// If compose made it.
    pub(crate) compose: Option<Compose>,
    /// If a CI runner made it.
    pub(crate) ci: Option<Ci>,
}

impl Setup {
    /// The network of this bridge, if the container is plugged into it.
    pub(crate) fn network_of(&self, interface: &str) -> Option<&Network> {
        self.networks.iter().find(|network| network.has_bridge(interface))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use test_case::test_case;

    #[test_case("br-0123456789ab" => Some("ci_default"); "by the id")]
    #[test_case("docker0" => Some("bridge"); "the default one")]
    #[test_case("br-0123456789" => None; "too few digits")]
    #[test_case("br-ffffffffffff" => None; "another")]
    #[test_case("br-" => None; "no digits")]
    #[test_case("" => None; "nothing")]
    fn a_bridge_is_of_a_network(interface: &str) -> Option<&'static str> {
        let network = |name: &str, id: &str| Network { name: name.to_owned(), id: id.to_owned() };
        let networks =
            vec![network("ci_default", "0123456789abcdef"), network("bridge", "ee"), network("none", "")];
        let setup = Setup { networks, ..Setup::default() };
        let found = setup.network_of(interface)?.name.clone();
        ["ci_default", "bridge"].into_iter().find(|name| **name == found)
    }
}
