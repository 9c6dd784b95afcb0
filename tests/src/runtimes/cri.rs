//! As much of the Container Runtime Interface as it takes to run a pod: what a kubelet would say.
//!
//! Messages and their numbers are those of `cri-api/pkg/apis/runtime/v1/api.proto`; fields that are not needed are left out.

use std::path::Path;

use anyhow::{Context, Result};
use prost::Message;
use tokio::runtime::{Builder, Runtime};
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::{Channel, Endpoint};
use tonic_prost::ProstCodec;

use super::docker::CAPABILITIES;
use super::image;
use super::machine::SHARE;

/// `PodSandboxMetadata`: what Kubernetes calls it.
#[derive(Clone, PartialEq, Message)]
pub struct PodNames {
    /// Pod name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Pod UID.
    #[prost(string, tag = "2")]
    pub uid: String,
    /// Kubernetes namespace.
    #[prost(string, tag = "3")]
    pub namespace: String,
}

#[derive(Clone, PartialEq, Message)]
struct RunPodSandboxRequest {
    #[prost(message, optional, tag = "1")]
    config: Option<PodSandboxConfig>,
}

#[derive(Clone, PartialEq, Message)]
struct PodSandboxConfig {
    #[prost(message, optional, tag = "1")]
    metadata: Option<PodNames>,
    #[prost(message, optional, tag = "8")]
    linux: Option<LinuxPodSandboxConfig>,
}

#[derive(Clone, PartialEq, Message)]
struct LinuxPodSandboxConfig {
    #[prost(string, tag = "1")]
    cgroup_parent: String,
}

/// The answers that matter here are an id alone.
#[derive(Clone, PartialEq, Message)]
struct Id {
    #[prost(string, tag = "1")]
    id: String,
}

#[derive(Clone, PartialEq, Message)]
struct CreateContainerRequest {
    #[prost(string, tag = "1")]
    pod_sandbox_id: String,
    #[prost(message, optional, tag = "2")]
    config: Option<ContainerConfig>,
    #[prost(message, optional, tag = "3")]
    sandbox_config: Option<PodSandboxConfig>,
}

/// `ContainerMetadata` and `ImageSpec` both begin with a name.
#[derive(Clone, PartialEq, Message)]
struct Name {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Clone, PartialEq, Message)]
struct ContainerConfig {
    #[prost(message, optional, tag = "1")]
    metadata: Option<Name>,
    #[prost(message, optional, tag = "2")]
    image: Option<Name>,
    #[prost(string, repeated, tag = "3")]
    command: Vec<String>,
    #[prost(message, repeated, tag = "7")]
    mounts: Vec<Mount>,
    #[prost(message, optional, tag = "15")]
    linux: Option<LinuxContainerConfig>,
}

#[derive(Clone, PartialEq, Message)]
struct Mount {
    #[prost(string, tag = "1")]
    container_path: String,
    #[prost(string, tag = "2")]
    host_path: String,
    #[prost(bool, tag = "3")]
    readonly: bool,
}

#[derive(Clone, PartialEq, Message)]
struct LinuxContainerConfig {
    #[prost(message, optional, tag = "2")]
    security_context: Option<SecurityContext>,
}

#[derive(Clone, PartialEq, Message)]
struct SecurityContext {
    #[prost(message, optional, tag = "1")]
    capabilities: Option<Capability>,
    #[prost(message, optional, tag = "15")]
    seccomp: Option<SecurityProfile>,
}

#[derive(Clone, PartialEq, Message)]
struct Capability {
    #[prost(string, repeated, tag = "1")]
    add_capabilities: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
struct SecurityProfile {
    /// 1 is `Unconfined`.
    #[prost(int32, tag = "1")]
    profile_type: i32,
}

/// A connection to a runtime.
pub(super) struct Cri {
    runtime: Runtime,
    channel: Channel,
}

impl Cri {
    /// Connects to `socket`.
    pub(super) fn connect(socket: &Path) -> Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let endpoint = Endpoint::from_shared(format!("unix:{}", socket.display()))?;
        let channel = runtime.block_on(endpoint.connect()).context("containerd's socket")?;
        Ok(Self { runtime, channel })
    }

    /// Makes a pod; its id.
    pub(super) fn run_pod(&self, names: &PodNames, cgroup: &str) -> Result<String> {
        self.call("RunPodSandbox", RunPodSandboxRequest { config: Some(sandbox(names, cgroup)) })
    }

    /// Makes and starts a container in there, with the rights that a Docker needs; its id.
    pub(super) fn run_container(
        &self,
        pod: &str,
        names: &PodNames,
        cgroup: &str,
        command: &[&str],
    ) -> Result<String> {
        let capabilities = Capability { add_capabilities: CAPABILITIES.map(str::to_owned).to_vec() };
        let security_context = SecurityContext {
            capabilities: Some(capabilities),
            seccomp: Some(SecurityProfile { profile_type: 1 }),
        };
        let mount = |(host, container, readonly): (&str, &str, bool)| Mount {
            host_path: host.to_owned(),
            container_path: container.to_owned(),
            readonly,
        };
        let mounts =
            [("/usr", "/usr", true), (SHARE, "/lab", true), ("/sys/fs/cgroup", "/sys/fs/cgroup", false)];
        let config = ContainerConfig {
            metadata: Some(Name { name: "docker".to_owned() }),
            image: Some(Name { name: image::NAME.to_owned() }),
            command: command.iter().map(|&word| word.to_owned()).collect(),
            mounts: mounts.map(mount).to_vec(),
            linux: Some(LinuxContainerConfig { security_context: Some(security_context) }),
        };
        let request = CreateContainerRequest {
            pod_sandbox_id: pod.to_owned(),
            config: Some(config),
            sandbox_config: Some(sandbox(names, cgroup)),
        };
        let id = self.call("CreateContainer", request)?;
        self.call("StartContainer", Id { id: id.clone() })?;
        Ok(id)
    }

    fn call(&self, method: &'static str, request: impl Message + 'static) -> Result<String> {
        let path = PathAndQuery::try_from(format!("/runtime.v1.RuntimeService/{method}"))?;
        let mut grpc = Grpc::new(self.channel.clone());
        let answer = self.runtime.block_on(async {
            grpc.ready().await?;
            let answer = grpc.unary(tonic::Request::new(request), path, ProstCodec::default()).await;
            answer.map(tonic::Response::into_inner).map_err(anyhow::Error::from)
        });
        let Id { id } = answer.with_context(|| format!("CRI {method}"))?;
        Ok(id)
    }
}

fn sandbox(names: &PodNames, cgroup: &str) -> PodSandboxConfig {
    PodSandboxConfig {
        metadata: Some(names.clone()),
        linux: Some(LinuxPodSandboxConfig { cgroup_parent: cgroup.to_owned() }),
    }
}
