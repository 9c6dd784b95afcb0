//! Docker's API, which podman speaks, too: one request, and what is wanted of its answer.
mod answer;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1;
use hyper::header::HOST;
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;

use super::socket::Socket;
use crate::model::{Network, Runtime};
use crate::runtimes::metadata::{Labels, Metadata, text};
use answer::{Endpoint, Summaries, Summary};

/// Above so many, all containers are asked for rather than each by its id.
const MOST_IDS: usize = 200;

/// Why a daemon told nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum DockerError {
    /// The connection failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// It does not speak HTTP, or broke off.
    #[error("{0}")]
    Http(#[from] hyper::Error),
    /// It refused.
    #[error("it answers {0}")]
    Refused(StatusCode),
    /// It answered something else, or too much.
    #[error("its answer cannot be used: {0}")]
    Answer(#[from] serde_json::Error),
    /// An id that cannot be asked for.
    #[error("{0}")]
    Request(#[from] hyper::http::Error),
}

/// What the daemon knows of these containers, and maybe of others.
pub(super) async fn ask(socket: &Arc<Socket>, ids: &[String]) -> Result<Vec<Metadata>, DockerError> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(socket.connect().await?)).await?;
    // It ends with the connection, which ends by itself.
    tokio::spawn(connection);
    let request = Request::get(path(ids)?).header(HOST, "docker").body(Empty::<Bytes>::new())?;
    let mut answer = sender.send_request(request).await?;
    if !answer.status().is_success() {
        return Err(DockerError::Refused(answer.status()));
    }
    let mut body = BytesMut::new();
    while let Some(frame) = answer.frame().await {
        if let Ok(data) = frame?.into_data() {
            body.extend_from_slice(&data);
        }
    }
    Ok(read(&body, socket.runtime)?)
}

/// What an answer tells.
pub(super) fn read(body: &[u8], runtime: Runtime) -> Result<Vec<Metadata>, serde_json::Error> {
    let Summaries(known) = serde_json::from_slice(body)?;
    Ok(known.into_iter().filter_map(|summary| metadata(summary, runtime)).collect())
}

/// Without a version, so a daemon of any age answers in its own.
fn path(ids: &[String]) -> Result<String, serde_json::Error> {
    let mut path = "/containers/json?all=true".to_owned();
    if ids.len() <= MOST_IDS {
        path += "&filters=";
        for byte in serde_json::to_string(&BTreeMap::from([("id", ids)]))?.bytes() {
            if byte.is_ascii_alphanumeric() {
                path.push(char::from(byte));
            } else {
                // Writing to a String cannot fail.
                let _ = write!(path, "%{byte:02X}");
            }
        }
    }
    Ok(path)
}

fn metadata(summary: Summary, runtime: Runtime) -> Option<Metadata> {
    let labels = Labels(&summary.labels.0);
    let name = labels.name_in_pod().or_else(|| own_name(&summary.names.0));
    let endpoints = summary.network_settings.map(|settings| settings.networks.0).unwrap_or_default();
    // A network gets its id when the container is started; the process may be there before.
    let complete = endpoints.iter().all(|(_, endpoint)| endpoint.network_id.0.is_some());
    let network = |(name, endpoint): (String, Endpoint)| Some(Network { name, id: endpoint.network_id.0? });
    let networks = endpoints.into_iter().filter_map(network).collect();
    Some(Metadata {
        id: summary.id.0?,
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
