//! The HTTP server: `/metrics`, `/healthz`, `/readyz`. Whoever asks, and however slowly, costs a bounded amount.
use std::convert::Infallible;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{ACCEPT, ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

use super::connections::Connections;
use super::expose::render;
use super::shared::Shared;
use crate::kernel::privileges;
use crate::output::stderr;
use crate::report::html;
use crate::telemetry::clock::Clock;

/// Why there are no metrics.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ServeError {
    /// The address is taken, or not ours.
    #[error("--metrics: cannot listen on {address}: {source}; choose another ADDR:PORT")]
    Listen {
        /// As it was asked for.
        address: SocketAddr,
        /// What bind(2) or listen(2) said.
        source: std::io::Error,
    },
    /// No thread, or no socket.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// A request must have come after this.
const ASKING: Duration = Duration::from_secs(1);
/// A connection carries one request and is over after this.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of a request's head.
const HEAD: usize = 16 << 10;
/// A page is shared by all who ask within this: scrapers cannot have pages made as fast as they can ask.
const FRESH: Duration = Duration::from_millis(40);
/// After an error of accept(2), such as too many open files.
const PAUSE: Duration = Duration::from_millis(200);

const TEXT: &str = "text/plain; charset=utf-8";
const PROMETHEUS: &str = "text/plain; version=0.0.4; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// A report takes longer to make.
const REPORT_FRESH: Duration = Duration::from_secs(1);

/// A page and when it was made, for each format of metrics, and the report.
type Pages = [Mutex<Option<(Instant, Bytes)>>; 3];

struct Server {
    shared: Arc<Shared>,
    pages: Pages,
    connections: Connections,
}

/// Listens, says where, and answers on a thread that ends with the process. Returns where.
///
/// # Errors
/// When it cannot listen there, or no thread can be made.
pub(super) fn start(address: SocketAddr, shared: Arc<Shared>) -> Result<SocketAddr, ServeError> {
    let refused = |e| ServeError::Listen { address, source: e };
    let listener = StdListener::bind(address).map_err(refused)?;
    listener.set_nonblocking(true)?;
    let local = listener.local_addr()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let server = Arc::new(Server { shared, pages: Pages::default(), connections: Connections::default() });
    let work = move || {
        privileges::keep_none();
        let Err(e) = runtime.block_on(serve(listener, server));
        tracing::error!("the metrics server ended: {e}");
    };
    std::thread::Builder::new().name("metrics".to_owned()).spawn(work)?;
    stderr::note(&format!("metrics on http://{local}/metrics"));
    Ok(local)
}

async fn serve(listener: StdListener, server: Arc<Server>) -> std::io::Result<Infallible> {
    let listener = TcpListener::from_std(listener)?;
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => server.connections.admit(peer.ip(), |number| {
                let server = Arc::clone(&server);
                let task = tokio::spawn(async move {
                    connection(stream, &server).await;
                    server.connections.ended(number);
                });
                task.abort_handle()
            }),
            Err(e) => {
                tracing::debug!("metrics: {e}");
                tokio::time::sleep(PAUSE).await;
            }
        }
        // Whoever was admitted is heard before the next one is.
        tokio::task::yield_now().await;
    }
}

async fn connection(stream: TcpStream, server: &Server) {
    let answer = service_fn(async |request| Ok::<_, Infallible>(server.answer(&request)));
    let connection = http1::Builder::new()
        .keep_alive(false)
        .timer(TokioTimer::new())
        .header_read_timeout(ASKING)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(stream), answer);
    match tokio::time::timeout(PATIENCE, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(e)) => tracing::debug!("metrics: {e}"),
        Err(_) => tracing::debug!("metrics: a scraper took too long"),
    }
}

impl Server {
    fn answer<B>(&self, request: &Request<B>) -> Response<Full<Bytes>> {
        let path = request.uri().path();
        if !matches!(path, "/metrics" | "/healthz" | "/readyz" | "/report") {
            return response(StatusCode::NOT_FOUND, TEXT, "not found; try /metrics, /healthz or /readyz\n");
        }
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            let mut refusal = response(StatusCode::METHOD_NOT_ALLOWED, TEXT, "only GET and HEAD\n");
            refusal.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return refusal;
        }
        match path {
            "/metrics" => self.metrics(wants_openmetrics(request)),
            "/report" => self.report(),
            "/readyz" => probe(self.shared.health.not_ready(Clock::new().now_ns())),
            _ => probe(self.shared.health.not_alive(Clock::new().now_ns())),
        }
    }

    fn metrics(&self, openmetrics: bool) -> Response<Full<Bytes>> {
        self.shared.scrapes.fetch_add(1, Ordering::Relaxed);
        let [plain, open, _] = &self.pages;
        match fresh(if openmetrics { open } else { plain }, FRESH, || render(&self.shared, openmetrics)) {
            Ok(text) => response(StatusCode::OK, if openmetrics { OPENMETRICS } else { PROMETHEUS }, text),
            Err(e) => response(StatusCode::INTERNAL_SERVER_ERROR, TEXT, format!("{e}\n")),
        }
    }

    /// The report of now; to be looked at, and no more.
    fn report(&self) -> Response<Full<Bytes>> {
        let [_, _, page] = &self.pages;
        let made = fresh(page, REPORT_FRESH, || {
            // The session waits for the lock, not for the page to be drawn.
            let incident = self.shared.report().map(|report| report.incident());
            incident.map(|incident| html::page(&incident)).ok_or(())
        });
        match made {
            Ok(text) => response(StatusCode::OK, HTML, text),
            Err(()) => {
                let why = "no report is served; start `mtutrace run` with --report\n";
                response(StatusCode::NOT_FOUND, TEXT, why)
            }
        }
    }
}

/// The page as it was made, if that was not longer ago than this; else another one.
fn fresh<E>(
    page: &Mutex<Option<(Instant, Bytes)>>,
    age: Duration,
    make: impl FnOnce() -> Result<String, E>,
) -> Result<Bytes, E> {
    let mut page = page.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((made, text)) = &*page
        && made.elapsed() < age
    {
        return Ok(text.clone());
    }
    Ok(page.insert((Instant::now(), make()?.into())).1.clone())
}

/// Prometheus asks for OpenMetrics by name; all else gets what everybody reads.
fn wants_openmetrics<B>(request: &Request<B>) -> bool {
    let accept = request.headers().get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    accept
        .flat_map(|value| value.split(','))
        .any(|kind| kind.trim().starts_with("application/openmetrics-text"))
}

fn probe(wrong: Option<String>) -> Response<Full<Bytes>> {
    match wrong {
        Some(why) => response(StatusCode::SERVICE_UNAVAILABLE, TEXT, format!("{why}\n")),
        None => response(StatusCode::OK, TEXT, "ok\n"),
    }
}

fn response(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
