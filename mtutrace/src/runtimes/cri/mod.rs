//! Kubernetes' Container Runtime Interface, which containerd and CRI-O speak: two of its calls, the fields that are
//! wanted of them (k8s.io/cri-api, `runtime/v1/api.proto`). Written by hand, so that building needs no protoc.
mod list;

use std::collections::HashMap;
use std::sync::Arc;

use hyper::Uri;
use hyper::http::uri::PathAndQuery;
use hyper_util::rt::TokioIo;
use prost::Message;
use tonic::client::Grpc;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

use super::socket::Socket;
use crate::model::{Pod, Runtime};
use crate::runtimes::metadata::{Labels, Metadata, is_wanted, text};
use list::{Item, ListCodec};

#[derive(Clone, PartialEq, Message)]
struct Container {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(string, tag = "2")]
    sandbox: String,
    #[prost(message, optional, tag = "3")]
    metadata: Option<ContainerMetadata>,
    #[prost(map = "string, string", tag = "8")]
    labels: HashMap<String, String>,
}

#[derive(Clone, PartialEq, Message)]
struct ContainerMetadata {
    #[prost(string, tag = "1")]
    name: String,
}

#[derive(Clone, PartialEq, Message)]
struct Sandbox {
    #[prost(string, tag = "1")]
    id: String,
    #[prost(message, optional, tag = "2")]
    metadata: Option<SandboxMetadata>,
    #[prost(map = "string, string", tag = "5")]
    labels: HashMap<String, String>,
}

#[derive(Clone, PartialEq, Message)]
struct SandboxMetadata {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    uid: String,
    #[prost(string, tag = "3")]
    namespace: String,
}

impl Item for Container {
    fn cut(&mut self) {
        [&mut self.id, &mut self.sandbox].into_iter().for_each(cut);
        self.metadata.iter_mut().for_each(|metadata| cut(&mut metadata.name));
        cut_labels(&mut self.labels);
    }
}

impl Item for Sandbox {
    fn cut(&mut self) {
        cut(&mut self.id);
        if let Some(metadata) = &mut self.metadata {
            [&mut metadata.name, &mut metadata.uid, &mut metadata.namespace].into_iter().for_each(cut);
        }
        cut_labels(&mut self.labels);
    }
}

fn cut(whole: &mut String) {
    *whole = text(whole).unwrap_or_default();
}

fn cut_labels(labels: &mut HashMap<String, String>) {
    labels.retain(|name, _| is_wanted(name));
    let kept = std::mem::take(labels).into_iter().take(MOST_LABELS);
    *labels = kept.filter_map(|(name, value)| Some((text(&name)?, text(&value)?))).collect();
}

/// Labels kept of one container.
const MOST_LABELS: usize = 64;

/// The second: containerd before 1.6. The messages are the same.
const VERSIONS: [[&str; 2]; 2] = [
    ["/runtime.v1.RuntimeService/ListPodSandbox", "/runtime.v1.RuntimeService/ListContainers"],
    ["/runtime.v1alpha2.RuntimeService/ListPodSandbox", "/runtime.v1alpha2.RuntimeService/ListContainers"],
];

/// All that the daemon knows: the interface has no filter for several ids.
pub(super) async fn ask(socket: &Arc<Socket>) -> Result<Vec<Metadata>, Status> {
    let way = socket.clone();
    let connector = tower::service_fn(move |_: Uri| {
        let socket = way.clone();
        async move { Ok::<_, std::io::Error>(TokioIo::new(socket.connect().await?)) }
    });
    let endpoint = Endpoint::from_static("http://cri");
    let channel =
        endpoint.connect_with_connector(connector).await.map_err(|e| Status::from_error(e.into()))?;
    let mut grpc = Grpc::new(channel);
    let mut refused = None;
    for [sandboxes, containers] in VERSIONS {
        match call::<Sandbox>(&mut grpc, sandboxes).await {
            Ok(sandboxes) => {
                let containers = call::<Container>(&mut grpc, containers).await?;
                return Ok(metadata(sandboxes, containers, socket.runtime));
            }
            Err(status) if status.code() == Code::Unimplemented => refused = Some(status),
            Err(status) => return Err(status),
        }
    }
    Err(refused.unwrap_or_else(|| Status::unimplemented("no version")))
}

async fn call<T: Item>(grpc: &mut Grpc<Channel>, path: &'static str) -> Result<Vec<T>, Status> {
    grpc.ready().await.map_err(|e| Status::from_error(e.into()))?;
    let codec = ListCodec::<T>::default();
    Ok(grpc.unary(Request::new(()), PathAndQuery::from_static(path), codec).await?.into_inner())
}

/// Takes a message for each of the two lists in turn (tests/fuzz).
#[cfg(any(test, feature = "fuzzing"))]
pub(super) fn read_any(message: &[u8]) -> Vec<Metadata> {
    let message = bytes::Bytes::copy_from_slice(message);
    let sandboxes = list::items(message.clone()).unwrap_or_default();
    metadata(sandboxes, list::items(message).unwrap_or_default(), Runtime::CriO)
}

fn metadata(sandboxes: Vec<Sandbox>, containers: Vec<Container>, runtime: Runtime) -> Vec<Metadata> {
    let sandbox = |sandbox: Sandbox| {
        let labels = Labels(&sandbox.labels);
        let by_labels = labels.pod();
        let pod = sandbox.metadata.map(|metadata| Pod {
            namespace: text(&metadata.namespace),
            name: text(&metadata.name),
            uid: text(&metadata.uid),
        });
        Metadata {
            id: sandbox.id,
            name: None,
            pod: pod.or(by_labels),
            runtime: Some(runtime),
            setup: labels.setup(Vec::new(), None),
            complete: true,
        }
    };
    let sandboxes: HashMap<String, Metadata> =
        sandboxes.into_iter().map(|item| (item.id.clone(), sandbox(item))).collect();
    let container = |container: Container| {
        let labels = Labels(&container.labels);
        // Pods of others than kubelet have no labels of kubelet's; only the sandbox has the pod's own.
        let around = sandboxes.get(&container.sandbox);
        let name = container.metadata.and_then(|metadata| text(&metadata.name));
        Metadata {
            id: container.id,
            name: labels.name_in_pod().or(name),
            pod: around.and_then(|told| told.pod.clone()).or_else(|| labels.pod()),
            runtime: Some(runtime),
            setup: around.and_then(|told| told.setup.clone()),
            complete: true,
        }
    };
    let containers: Vec<Metadata> = containers.into_iter().map(container).collect();
    containers.into_iter().chain(sandboxes.into_values()).collect()
}

#[cfg(test)]
mod tests;
