//! What a real Prometheus makes of a run: alerts, dashboard, and nothing that disturbs the trace.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::collections::BTreeSet;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use mtutrace_tests::check::{is_verdict, skip};
use mtutrace_tests::lab::alone;
use mtutrace_tests::lab::incident::{Incident, IncidentSpec};
use mtutrace_tests::lab::memory::Memory;
use mtutrace_tests::lab::prometheus::{Job, NODE, Prometheus, free_port, get, program, promtool};
use mtutrace_tests::lab::tracer::Tracer;
use mtutrace_tests::lab::wait;
use mtutrace_tests::tools::repository;
use serde_json::Value;

const BIG: usize = 300_000;
const STALLED: Duration = Duration::from_secs(90);
const SOON: Duration = Duration::from_secs(30);
const STALL_ALERT: &str = "ALERTS{alertname=\"MtutraceTrafficStalled\",alertstate=\"firing\"}";
/// Bytes by which the allocator's caches may grow.
const NOISE: u64 = 1 << 20;

/// True (after saying why) where there is no Prometheus; under `CI=true` that is a failure.
fn skip_without_prometheus() -> bool {
    let there = program("prometheus").is_some() && program("promtool").is_some();
    assert!(there || std::env::var_os("CI").is_none_or(|ci| ci != "true"), "CI must have Prometheus");
    if !there {
        eprintln!("skipped: no prometheus and promtool (cargo xtask setup fetches Debian's)");
    }
    !there
}

fn run(lab: &Incident, port: u16) -> Tracer {
    let address = format!("127.0.0.1:{port}");
    Tracer::start(&["--container", &lab.inner.id, "--metrics", &address]).unwrap()
}

fn page(port: u16) -> String {
    let (status, page) = get(port, "/metrics").unwrap();
    assert_eq!(status, 200);
    page
}

/// The value of a metric that has no labels.
fn value(page: &str, name: &str) -> u64 {
    let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {name} in {page}")).parse().unwrap()
}

fn dashboard() -> Value {
    let file = repository("deploy/grafana/mtutrace.json");
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

/// Every query of the dashboard, with Grafana's variables filled in.
fn queries() -> Vec<String> {
    let dashboard = dashboard();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let fill = |expression: &str| expression.replace("$__rate_interval", "1m").replace("$instance", ".*");
    targets.map(|target| fill(target["expr"].as_str().unwrap())).collect()
}

/// Names of our metrics in a text, without what a histogram adds.
fn names(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("mtutrace_")).map(|word| word.trim_end_matches("_bucket")).collect()
}

#[test]
fn rules_and_their_tests_pass() {
    if skip_without_prometheus() {
        return;
    }
    promtool(&["check", "rules", "mtutrace.rules.yaml"], None).unwrap();
    promtool(&["test", "rules", "mtutrace.rules.test.yaml"], None).unwrap();
}

#[test]
fn the_alert_fires_for_the_incident_and_not_for_its_healthy_twin() {
    // That no alert fires for the twin is true of a node with nothing else on it.
    if skip()
        || skip_without_prometheus()
        || alone::ran("the_alert_fires_for_the_incident_and_not_for_its_healthy_twin")
    {
        return;
    }
    let sick = Incident::build(IncidentSpec::default()).unwrap();
    let spec = IncidentSpec { inner_mtu: 1450, icmp_filtered: false, ..Default::default() };
    let well = Incident::build(spec).unwrap();
    let ports = [free_port().unwrap(), free_port().unwrap()];
    let _runs = [run(&sick, ports[0]), run(&well, ports[1])];
    let prometheus =
        Prometheus::start(&[Job::Plain("sick", ports[0]), Job::Plain("well", ports[1])]).unwrap();
    prometheus.await_data("sum(up{job=~'sick|well'}) == 2", SOON).unwrap();
    let _stalls = sick.download(BIG, STALLED).unwrap();
    assert!(well.download(BIG, STALLED).unwrap().finish().unwrap().complete);

    let firing = prometheus.await_data(STALL_ALERT, SOON).unwrap();
    assert_eq!(firing.len(), 1, "{firing:?}");
    let labels = &firing[0]["metric"];
    assert!(labels["job"] == "sick" && labels["container_id"] == sick.inner.id[..12], "{labels}");
    assert!(labels["culprit_mtu"] == "1500" && labels["bottleneck_mtu"] == "1450", "{labels}");
    for query in queries() {
        prometheus.await_data(&query, SOON).unwrap();
    }
    let page = page(ports[0]);
    promtool(&["check", "metrics"], Some(&page)).unwrap();
    let known = names(&page);
    for file in ["deploy/grafana/mtutrace.json", "deploy/prometheus/mtutrace.rules.yaml"] {
        let text = std::fs::read_to_string(repository(file)).unwrap();
        let unknown = names(&text).difference(&known).copied().collect::<Vec<_>>();
        assert!(unknown.is_empty(), "{file} names what is no metric: {unknown:?}");
    }

    sick.apply_fix().unwrap();
    wait::until("the alert to end", SOON, || Ok(prometheus.query(STALL_ALERT)?.is_empty().then_some(())))
        .unwrap();
    let ever = prometheus.query("count_over_time(ALERTS{job='well'}[10m])").unwrap();
    assert!(ever.is_empty(), "{ever:?}");
}

/// The operator writes container, pod and namespace of mtutrace itself onto all that it scrapes.
#[test]
fn under_the_operator_the_alert_names_the_container_and_not_mtutrace() {
    let name = "under_the_operator_the_alert_names_the_container_and_not_mtutrace";
    if skip() || skip_without_prometheus() || alone::ran(name) {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let port = free_port().unwrap();
    let tracer = run(&lab, port);
    let prometheus = Prometheus::start(&[Job::PodMonitor(port)]).unwrap();
    prometheus.await_data("up{job='mtutrace/mtutrace',pod='mtutrace-x7k2p'} == 1", SOON).unwrap();
    let _stall = lab.download(BIG, STALLED).unwrap();
    let firing = prometheus.await_data(STALL_ALERT, SOON).unwrap();
    assert_eq!(firing.len(), 1, "{firing:?}");

    // The conflict is there: what we called container is called something else.
    let sick = lab.inner.id[..12].to_owned();
    let rows = prometheus.query("mtutrace_verdict_active{container='mtutrace'} == 1").unwrap();
    assert!(
        !rows.is_empty() && rows.iter().all(|row| row["metric"]["exported_container"] == *sick),
        "{rows:?}"
    );
    let alerts = prometheus.alerts().unwrap();
    let of = |alert: &&Value| alert["labels"]["alertname"] == "MtutraceTrafficStalled";
    let alert = alerts.iter().find(of).unwrap();
    let labels = &alert["labels"];
    for label in ["container", "affected_container", "container_id"] {
        assert_eq!(labels[label], *sick, "{label}: {alert}");
    }
    assert!(labels["pod"] == labels["affected_pod"] && labels["pod"].is_string(), "{alert}");
    assert_eq!((labels["node"].as_str(), labels.get("namespace")), (Some(NODE), None), "{alert}");
    let summary = alert["annotations"]["summary"].as_str().unwrap();
    let wanted = format!("pmtu_blackhole: connections of container {sick} are stalled on {NODE}");
    assert_eq!(summary, wanted);
    let said = alert["annotations"]["runbook_url"].as_str().unwrap();
    assert!(said.ends_with("RUNBOOK.md#mtutracetrafficstalled"), "{said}");
    let others = labels.as_object().unwrap().iter().filter(|(name, _)| *name != "job");
    assert!(others.into_iter().all(|(_, value)| value != "mtutrace" && value != "mtutrace-x7k2p"), "{alert}");

    // So do the dashboard's two panels that name containers.
    let panels = queries();
    let panels =
        panels.iter().filter(|query| query.contains("affected_") || query.contains("without (container"));
    let mut seen = 0;
    for query in panels {
        let rows = prometheus.await_data(query, SOON).unwrap();
        let named =
            |row: &Value| row["metric"]["affected_container"] == *sick && row["metric"].get("pod").is_none();
        assert!(rows.iter().any(named), "{query}: {rows:?}");
        seen += 1;
    }
    assert_eq!(seen, 2);

    lab.apply_fix().unwrap();
    wait::until("the alert to end", SOON, || Ok(prometheus.query(STALL_ALERT)?.is_empty().then_some(())))
        .unwrap();
    // Nobody else says that nothing is wrong any more once it is gone.
    tracer.interrupt().unwrap();
    let down = format!("ALERTS{{alertname='MtutraceDown',alertstate='pending',node='{NODE}'}}");
    prometheus.await_data(&down, SOON).unwrap();
}

/// `MTUTRACE_SCRAPE_SECONDS=60` takes the whole minute.
#[test]
fn twenty_scrapes_a_second_leave_memory_and_trace_alone() {
    // What is measured grows with the node.
    if skip() || alone::ran("twenty_scrapes_a_second_leave_memory_and_trace_alone") {
        return;
    }
    let seconds =
        std::env::var("MTUTRACE_SCRAPE_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(15);
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let port = free_port().unwrap();
    let mut tracer = run(&lab, port);
    let scrape = |count: u64| {
        let start = Instant::now();
        for n in 1..=count {
            assert_eq!(value(&page(port), "mtutrace_ready"), 1);
            std::thread::sleep((Duration::from_millis(50) * n as u32).saturating_sub(start.elapsed()));
        }
    };
    let _download = lab.download(BIG, STALLED).unwrap();
    let wanted = |line: &Value| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
    tracer.wait_for("pmtu_blackhole", SOON, wanted).unwrap();
    scrape(60);
    let before = Memory::of(tracer.pid()).unwrap().resident;
    scrape(20 * seconds);
    let after = Memory::of(tracer.pid()).unwrap().resident;
    eprintln!("{seconds} s of 20 scrapes a second: {before} bytes resident before, {after} after");
    assert!(after < before + NOISE, "{before} bytes grew to {after}");
    let page = page(port);
    assert!(value(&page, "mtutrace_scrapes_total") > 60 + 20 * seconds);
    assert_eq!(value(&page, "mtutrace_lost_events_total"), 0, "{page}");
    let end = tracer.interrupt().unwrap();
    assert_eq!(end.of_kind("status").pop().unwrap()["lost"], 0);
}

#[test]
fn scrapers_that_say_nothing_hold_up_nobody_for_long() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    let port = free_port().unwrap();
    let mut tracer = run(&lab, port);
    let silent = (0..40).map(|_| TcpStream::connect(("127.0.0.1", port)).unwrap()).collect::<Vec<_>>();
    let _download = lab.download(BIG, STALLED).unwrap();
    assert!(page(port).contains("mtutrace_ready 1"));
    let wanted = |line: &Value| is_verdict(line, "pmtu_blackhole", &lab.inner.id);
    tracer.wait_for("pmtu_blackhole", SOON, wanted).unwrap();
    drop(silent);
    for (path, status) in [("/healthz", 200), ("/readyz", 200), ("/", 404)] {
        assert_eq!(get(port, path).unwrap().0, status, "{path}");
    }
}
