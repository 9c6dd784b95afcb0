//! A container and the containers that it runs in.
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::setup::Setup;

/// What made a container, as far as its cgroup path or its shim tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Runtime {
    /// Docker (and the containers of `docker build`).
    Docker,
    /// containerd, by CRI or by itself.
    Containerd,
    /// CRI-O.
    CriO,
    /// Podman.
    Podman,
}

/// The Kubernetes pod of a container; a field that is not known is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub(crate) struct Pod {
    /// Kubernetes namespace.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) namespace: Option<String>,
    /// Pod name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// Pod UID, with dashes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) uid: Option<String>,
}

/// A container: who it is, and inside which others it runs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
pub(crate) struct Container {
    /// Full id (64 hex digits for all runtimes but BuildKit, whose ids have 25 characters).
    pub(crate) id: String,
    /// Name, where a runtime told it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// Its runtime, where it can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) runtime: Option<Runtime>,
    /// Its pod, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pod: Option<Pod>,
    /// The containers it runs in, innermost first. Their own `parents` are empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) parents: Vec<Container>,
    /// How it was set up, where a runtime told it.
    #[serde(skip)]
    pub(crate) setup: Option<Arc<Setup>>,
}

impl Container {
    /// A container of which only the id is known.
    pub(crate) fn new(id: impl Into<String>) -> Container {
        Container { id: id.into(), name: None, runtime: None, pod: None, parents: Vec::new(), setup: None }
    }

    /// The first 12 characters of the id, as Docker and crictl print it.
    pub(crate) fn short_id(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }

    /// Whether `pattern` is a prefix of the id or the whole name.
    pub(crate) fn matches(&self, pattern: &str) -> bool {
        !pattern.is_empty() && (self.id.starts_with(pattern) || self.name.as_deref() == Some(pattern))
    }

    /// Whether `pattern` matches it or one of the containers that it runs in.
    pub(crate) fn is_within(&self, pattern: &str) -> bool {
        self.matches(pattern) || self.parents.iter().any(|outer| outer.matches(pattern))
    }

    /// Whether it or one of the containers that it runs in is of the pod of this namespace and name.
    pub(crate) fn is_in_pod(&self, namespace: &str, name: &str) -> bool {
        let here =
            |pod: &Pod| pod.namespace.as_deref() == Some(namespace) && pod.name.as_deref() == Some(name);
        [self].into_iter().chain(&self.parents).any(|c| c.pod.as_ref().is_some_and(here))
    }
}
