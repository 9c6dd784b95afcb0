//! A container and the containers that it runs in.
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::setup::Setup;

/// What made a container, as far as its cgroup path or its shim tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
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
    /// LXC, and what runs it: LXD, Incus, Proxmox, libvirt.
    Lxc,
    /// systemd-nspawn.
    Nspawn,
    /// A task of Nomad that is not Docker's.
    Nomad,
    /// Firecracker, started by its jailer.
    Firecracker,
}

impl Runtime {
    /// Whether its containers have a name and no other id.
    pub(crate) fn knows_by_name(self) -> bool {
        matches!(self, Runtime::Lxc | Runtime::Nspawn | Runtime::Firecracker)
    }
}

/// The Kubernetes pod of a container; a field that is not known is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
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
#[serde(into = "ContainerLine")]
#[schemars(with = "ContainerLine")]
pub(crate) struct Container {
    /// Full id (64 hex digits for most runtimes; BuildKit's have 25 characters, Nomad's begin with the allocation's UUID), or
    /// the name of one that its runtime knows by that alone.
    pub(crate) id: String,
    /// Name, where a runtime told it.
    pub(crate) name: Option<String>,
    /// Its runtime, where it can be told.
    pub(crate) runtime: Option<Runtime>,
    /// Its pod, where it has one.
    pub(crate) pod: Option<Pod>,
    /// The containers it runs in, innermost first. Their own `parents` are empty.
    pub(crate) parents: Vec<Container>,
    /// How it was set up, where a runtime told it. Not in the output.
    pub(crate) setup: Option<Arc<Setup>>,
}

/// A container as the output has it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Container")]
struct ContainerLine {
    /// Full id; absent where its runtime knows it by name alone (LXC, LXD, Incus, systemd-nspawn, Firecracker).
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Name, where a runtime told it.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Its runtime, where it can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    runtime: Option<Runtime>,
    /// Its pod, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pod: Option<Pod>,
    /// The containers it runs in, innermost first. Their own `parents` are empty.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parents: Vec<Container>,
}

impl From<Container> for ContainerLine {
    fn from(container: Container) -> ContainerLine {
        let named = container.is_known_by_name();
        let Container { id, name, runtime, pod, parents, setup: _ } = container;
        let (id, name) = if named { (None, name.or(Some(id))) } else { (Some(id), name) };
        ContainerLine { id, name, runtime, pod, parents }
    }
}

impl Container {
    /// A container of which only the id is known.
    pub(crate) fn new(id: impl Into<String>) -> Container {
        Container { id: id.into(), name: None, runtime: None, pod: None, parents: Vec::new(), setup: None }
    }

    /// Whether its runtime knows it by its name alone.
    pub(crate) fn is_known_by_name(&self) -> bool {
        self.runtime.is_some_and(Runtime::knows_by_name)
    }

    /// The first 12 characters of the id, as Docker and crictl print it; a name in full.
    pub(crate) fn short_id(&self) -> &str {
        if self.is_known_by_name() {
            return &self.id;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_known_by_name_has_no_id() {
        let named = Container { runtime: Some(Runtime::Lxc), ..Container::new("a-long-name-of-lxd") };
        let inner = Container { parents: vec![named.clone()], ..Container::new("0a1b2c3d4e5f6071") };
        let outer = r#"{"name":"a-long-name-of-lxd","runtime":"lxc"}"#;
        assert_eq!(serde_json::to_string(&named).unwrap(), outer);
        assert_eq!(
            serde_json::to_string(&inner).unwrap(),
            format!(r#"{{"id":"0a1b2c3d4e5f6071","parents":[{outer}]}}"#)
        );
        assert_eq!((named.short_id(), inner.short_id()), ("a-long-name-of-lxd", "0a1b2c3d4e5f"));
        assert!(named.matches("a-long-name-of-lxd") && named.matches("a-long"));
    }
}
