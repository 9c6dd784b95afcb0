//! What scrapers read.
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use mtutrace_common::config::DropCause;

use super::*;
use crate::diagnosis::attribution::tests::{event, flow};
use crate::model::{AttributedEvent, Container, EventKind, NetnsId};
use crate::output::KernelNames;
use crate::telemetry::clock::Clock;
use crate::testing::node::incident;

fn drop_of(container: Option<Container>) -> AttributedEvent {
    let kind = EventKind::Drop {
        cause: DropCause::Forward,
        reason: 93,
        location: 1,
        mtu: Some(1450),
        egress: Some(3),
        device_mtu: Some(1500),
        icmp_too_big: false,
    };
    let event = event(1, flow("192.0.2.10:80", "10.42.0.108:40000"), kind);
    AttributedEvent { event, owner: Some(NetnsId(3)), container }
}

fn named(id: &str, name: &str) -> Option<Container> {
    Some(Container { name: Some(name.to_owned()), ..Container::new(id) })
}

/// A page after these events.
fn page(events: impl IntoIterator<Item = Option<Container>>, openmetrics: bool) -> String {
    let metrics = Metrics(Arc::default());
    let (clock, node, names) = (Clock::new(), incident().0, KernelNames::default());
    let context = Context { clock: &clock, node: &node, kernel_names: &names };
    for container in events {
        metrics.show(&Item::Event(&drop_of(container)), &context);
    }
    expose::render(&metrics.0, openmetrics).unwrap()
}

#[test]
fn both_formats() {
    let (text, open) = (page([named("a", "web"), None], false), page([None], true));
    let row = "mtutrace_events_total{signal=\"drop\",container_id=\"a\",affected_container=\"web\",container=\"web\"} 1";
    assert!(text.lines().any(|line| line == row), "{text}");
    assert!(text.contains("mtutrace_events_total{signal=\"drop\"} 1\n"), "{text}");
    assert!(text.contains("# TYPE mtutrace_events_total counter\n"), "{text}");
    assert!(
        text.contains("mtutrace_interface_events_total{interface=\"ens3\",signal=\"drop\"} 2\n"),
        "{text}"
    );
    assert!(open.contains("# TYPE mtutrace_events counter\n") && open.ends_with("# EOF\n"), "{open}");
}

#[test]
fn hostile_names_stay_in_their_labels() {
    let long = "é".repeat(5000);
    let names = ["a\"} 1\nb{c=\"\\", "\x1b[2J\u{202e}x", &long];
    let text = page(names.iter().enumerate().map(|(n, name)| named(&n.to_string(), name)), false);
    for line in text.lines().filter(|line| line.starts_with("mtutrace_events_total")) {
        assert!(line.ends_with("} 1") && line.len() < 700 && !line.contains('\x1b'), "{line}");
    }
    assert_eq!(text.lines().filter(|line| line.starts_with("mtutrace_events_total")).count(), 3);
    assert!(text.contains("container=\"a\\\"} 1\\\\u{a}b{c=\\\"\\\\\""), "{text}");
    assert!(text.contains(&format!("container=\"{}\"", "é".repeat(128))));
}

#[test]
fn one_set_of_labels_is_one_row_and_there_are_so_many_at_most() {
    let twins = ["0123456789ab1", "0123456789ab2"].map(|id| named(id, "twin"));
    let text = page(twins, false);
    assert!(text.contains("affected_container=\"twin\",container=\"twin\"} 2"), "{text}");
    let text = page((0..1100).map(|n| named(&n.to_string(), "x")), false);
    let rows = text.lines().filter(|line| line.starts_with("mtutrace_events_total")).count();
    assert_eq!(rows, 1001);
    let rest =
        "mtutrace_events_total{signal=\"drop\",affected_container=\"other\",container=\"other\"} 100\n";
    assert!(text.contains(rest), "{text}");
    assert!(text.contains("mtutrace_label_overflow_total 100\n"));
}

/// What a server says to this.
fn ask(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn the_server_answers_what_it_should_and_only_that() {
    let metrics = Metrics(Arc::default());
    let address = server::start((Ipv4Addr::LOCALHOST, 0).into(), Arc::clone(&metrics.0)).unwrap();
    let get = |path: &str, more: &str| ask(address, &format!("GET {path} HTTP/1.1\r\nHost: x\r\n{more}\r\n"));
    assert!(get("/readyz", "").starts_with("HTTP/1.1 503 "));
    assert!(get("/healthz", "").starts_with("HTTP/1.1 200 "));
    metrics.ready();
    assert!(get("/readyz", "").starts_with("HTTP/1.1 200 "));
    assert!(get("/metrics?x", "").contains("version=0.0.4"));
    let open = get("/metrics", "Accept: text/plain;q=0.5, application/openmetrics-text;version=1.0.0\r\n");
    assert!(
        open.contains("application/openmetrics-text; version=1.0.0") && open.ends_with("# EOF\n"),
        "{open}"
    );
    assert!(get("/", "").starts_with("HTTP/1.1 404 "));
    let post = ask(address, "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    assert!(post.starts_with("HTTP/1.1 405 ") && post.to_lowercase().contains("allow: get, head"), "{post}");
    assert!(ask(address, "nonsense\r\n\r\n").starts_with("HTTP/1.1 400 "));
    assert!(get("/metrics", &format!("X: {}\r\n", "y".repeat(100_000))).starts_with("HTTP/1.1 431 "));
}

/// Whoever holds on to connections, and however many, does not keep a probe from its answer.
#[test]
fn dripping_connections_do_not_hold_up_a_probe() {
    let metrics = Metrics(Arc::default());
    let address = server::start((Ipv4Addr::LOCALHOST, 0).into(), Arc::clone(&metrics.0)).unwrap();
    let start = Instant::now();
    let mut held: Vec<TcpStream> = Vec::new();
    for _ in 0..300 {
        let mut stream = TcpStream::connect(address).unwrap();
        // A server that has had enough of it may have closed it by now.
        let _closed = stream.write_all(b"GET /hea");
        held.push(stream);
    }
    let probe = ask(address, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(probe.starts_with("HTTP/1.1 200 "), "{probe}");
    // Waiting for those before it takes 18 s; the kubelet waits for 5.
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    drop(held);
}

#[test]
fn an_address_that_is_taken_is_told() {
    let taken = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let error = Metrics::serve(taken.local_addr().unwrap(), None).unwrap_err();
    assert!(matches!(error, ServeError::Listen { .. }) && error.to_string().contains("--metrics"), "{error}");
}

#[test]
fn the_report_of_now_is_served_where_somebody_asked_for_it() {
    let silent = server::start((Ipv4Addr::LOCALHOST, 0).into(), Arc::default()).unwrap();
    let get = |address| ask(address, "GET /report HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(get(silent).starts_with("HTTP/1.1 404 "));
    let shared = Shared::with_report(Some(Collector::live(crate::report::incident::Machine::default())));
    let metrics = Metrics(Arc::new(shared));
    let address = server::start((Ipv4Addr::LOCALHOST, 0).into(), Arc::clone(&metrics.0)).unwrap();
    let (clock, node, names) = (Clock::new(), incident().0, KernelNames::default());
    let context = Context { clock: &clock, node: &node, kernel_names: &names };
    metrics.show(&Item::Event(&drop_of(named("0123", "<b>build</b>"))), &context);
    let page = get(address);
    assert!(page.contains("text/html") && page.contains("So far no MTU problem was seen."), "{page}");
    assert!(page.contains("&lt;b&gt;build&lt;/b&gt;") && !page.contains("<b>build"), "{page}");
}
