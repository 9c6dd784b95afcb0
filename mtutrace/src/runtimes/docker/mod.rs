//! Docker's API, which podman speaks, too.
use std::collections::HashMap;
use std::sync::Arc;

use bollard::models::ContainerSummary;
use bollard::query_parameters::ListContainersOptionsBuilder;
use bollard::{API_DEFAULT_VERSION, BollardRequest, Docker, errors::Error};
use hyper::body::Incoming;
use hyper::header::{HOST, HeaderValue};
use hyper::{Response, Uri, client::conn::http1};
use hyper_util::rt::TokioIo;

use super::socket::Socket;
use crate::model::{Network, Runtime};
use crate::runtimes::metadata::{Labels, Metadata, text};

/// Above so many, all containers are asked for rather than each by its id.
const MOST_IDS: usize = 200;
/// Until the header of an answer has come, seconds; the connection has a bound of its own.
const HEADER: u64 = 2;

/// What the daemon knows of these containers, and maybe of others.
pub(super) async fn ask(socket: &Arc<Socket>, ids: &[String]) -> Result<Vec<Metadata>, Error> {
    let transport = socket.clone();
    let request = move |request| send(transport.clone(), request);
    let docker =
        Docker::connect_with_custom_transport(request, Some("http://docker"), HEADER, API_DEFAULT_VERSION)?;
    // It asks without a version, which a daemon of any age answers in its own.
    let mut options = ListContainersOptionsBuilder::default().all(true);
    if ids.len() <= MOST_IDS {
        options = options.filters(&HashMap::from([("id".to_owned(), ids.to_vec())]));
    }
    let known = docker.list_containers(Some(options.build())).await?;
    Ok(known.into_iter().filter_map(|summary| metadata(summary, socket.runtime)).collect())
}

/// One request, on a connection of its own.
async fn send(socket: Arc<Socket>, mut request: BollardRequest) -> Result<Response<Incoming>, Error> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(socket.connect().await?)).await?;
    // It ends with the connection, which ends by itself.
    tokio::spawn(connection);
    if let Some(path) = request.uri().path_and_query().cloned() {
        *request.uri_mut() = Uri::from(path);
    }
    request.headers_mut().insert(HOST, HeaderValue::from_static("docker"));
    Ok(sender.send_request(request).await?)
}

fn metadata(summary: ContainerSummary, runtime: Runtime) -> Option<Metadata> {
    let labels = summary.labels.unwrap_or_default();
    let labels = Labels(&labels);
    let name = labels.name_in_pod().or_else(|| summary.names.as_deref().and_then(own_name));
    let endpoints = summary.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
    let network = |(name, endpoint): (String, bollard::models::EndpointSettings)| {
        Some(Network { name: text(&name)?, id: text(&endpoint.network_id?)? })
    };
    // A network gets its id when the container is started; the process may be there before.
    let complete =
        endpoints.values().all(|endpoint| endpoint.network_id.as_ref().is_some_and(|id| !id.is_empty()));
    let networks = endpoints.into_iter().filter_map(network).collect();
    Some(Metadata {
        id: summary.id?,
        pod: labels.pod(),
        runtime: Some(runtime),
        setup: labels.setup(networks, name.as_deref()),
        // cri-dockerd calls a pod's sandbox so.
        name: name.filter(|name| name != "POD"),
        complete,
    })
}

/// `/web`, not `/other/alias`, by which a container that is linked to it knows it.
fn own_name(names: &[String]) -> Option<String> {
    let mut names = names.iter().map(|name| name.strip_prefix('/').unwrap_or(name));
    text(names.find(|name| !name.contains('/'))?)
}

#[cfg(test)]
mod tests;
