//! What a runtime tells of a container, cut to what mtutrace keeps of it. Pure.
use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use crate::model::{Ci, Compose, Container, Network, Pod, Runtime, Setup};

/// Characters kept of a name; Kubernetes' longest has 253.
const LONGEST: usize = 256;
/// Networks kept of a container.
const MOST_NETWORKS: usize = 32;
/// Containers that are read of one answer. A node has some hundred; kubelet's limit is 110 pods unless told otherwise.
pub(super) const MOST_CONTAINERS: usize = 8192;
/// What the labels that are looked at have in their names.
const LABELS: [&str; 7] =
    ["io.kubernetes.", "com.docker.compose.", GITLAB[0], GITLAB[1], GITHUB, WOODPECKER, DRONE];
const GITLAB: [&str; 2] = ["com.gitlab.gitlab-runner.", "runner.gitlab.com/"];
const GITHUB: &str = "actions.github.com/";
const WOODPECKER: &str = "woodpecker-ci.org/";
const DRONE: &str = "io.drone";

/// What a runtime told of one container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Metadata {
    /// Full id.
    pub(super) id: String,
    /// Its name; in a pod that of the container in the pod's specification. A pod's sandbox has none.
    pub(super) name: Option<String>,
    pub(super) pod: Option<Pod>,
    pub(super) runtime: Option<Runtime>,
    pub(super) setup: Option<Arc<Setup>>,
    /// False if the runtime is still at making it, and knows more later.
    pub(super) complete: bool,
}

impl Metadata {
    /// Adds it to what the cgroup told, which nothing here replaces.
    pub(super) fn apply(&self, container: &mut Container) {
        container.name.clone_from(&self.name);
        container.runtime = container.runtime.or(self.runtime);
        container.setup.clone_from(&self.setup);
        if let Some(told) = &self.pod {
            let pod = container.pod.get_or_insert_default();
            pod.namespace.clone_from(&told.namespace);
            pod.name.clone_from(&told.name);
            pod.uid = pod.uid.take().or_else(|| told.uid.clone());
        }
    }
}

/// The beginning of a text from outside; nothing if it is empty.
pub(super) fn text(from_outside: &str) -> Option<String> {
    (!from_outside.is_empty()).then(|| from_outside.chars().take(LONGEST).collect())
}

/// Whether a label of this name says anything here.
pub(super) fn is_wanted(label: &str) -> bool {
    LABELS.iter().any(|part| label.contains(part))
}

/// Labels as kubelet, compose and the CI runners set them, by a look-up that knows nothing of empty ones.
pub(super) struct Labels<'a, S>(pub(super) &'a HashMap<String, String, S>);

impl<S: BuildHasher> Labels<'_, S> {
    fn get(&self, key: &str) -> Option<String> {
        text(self.0.get(key)?)
    }

    /// kubelet's labels; also those that cri-dockerd gives to Docker's containers.
    pub(super) fn pod(&self) -> Option<Pod> {
        let pod = Pod {
            namespace: self.get("io.kubernetes.pod.namespace"),
            name: self.get("io.kubernetes.pod.name"),
            uid: self.get("io.kubernetes.pod.uid"),
        };
        (pod != Pod::default()).then_some(pod)
    }

    /// The container's name in its pod's specification.
    pub(super) fn name_in_pod(&self) -> Option<String> {
        self.get("io.kubernetes.container.name")
    }

    /// How it was set up, given its networks and its name.
    pub(super) fn setup(&self, mut networks: Vec<Network>, name: Option<&str>) -> Option<Arc<Setup>> {
        networks.sort_unstable();
        networks.truncate(MOST_NETWORKS);
        let project = self.get("com.docker.compose.project");
        let service = self.get("com.docker.compose.service");
        let compose = project.map(|project| Compose { project, service });
        let ci = self.ci(&networks, name);
        let setup = Setup { networks, compose, ci };
        (setup != Setup::default()).then(|| Arc::new(setup))
    }

    fn ci(&self, networks: &[Network], name: Option<&str>) -> Option<Ci> {
        let has = |part: &str| self.0.keys().any(|key| key.contains(part));
        let plugged_into = |prefix: &str| networks.iter().any(|network| network.name.starts_with(prefix));
        if GITLAB.into_iter().any(has) {
            Some(Ci::GitLab)
        } else if has(GITHUB) || plugged_into("github_network_") {
            Some(Ci::GitHub)
        } else if has(WOODPECKER) || name.is_some_and(|name| name.starts_with("wp_")) {
            Some(Ci::Woodpecker)
        } else if has(DRONE) {
            Some(Ci::Drone)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests;
