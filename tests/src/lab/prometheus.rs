//! A real Prometheus (Debian's package, unpacked by `cargo xtask setup`), with a port and a folder of its own.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::name;
use super::netns::run;
use super::place::die_with_parent;
use super::process::Process;
use super::wait;
use crate::tools::{self, repository};

const START: Duration = Duration::from_secs(60);
const ANSWER: Duration = Duration::from_secs(10);

/// One of the package's programs: where setup puts it, else on PATH.
pub fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs =
        std::iter::once(tools::folder().join("prometheus/usr/bin")).chain(std::env::split_paths(&path));
    dirs.map(|dir| dir.join(name)).find(|program| program.is_file())
}

/// Runs promtool; the error holds what it complained of.
pub fn promtool(args: &[&str], input: Option<&str>) -> Result<String> {
    let program = program("promtool").context("no promtool: cargo xtask setup")?;
    run(Command::new(program).args(args).current_dir(repository("deploy/prometheus")), input)
}

/// A port of loopback that nobody uses now.
pub fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// The status and the body that a server on loopback answers with.
pub fn get(port: u16, path: &str) -> Result<(u16, String)> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, ANSWER)?;
    stream.set_read_timeout(Some(ANSWER))?;
    // HTTP/1.0 answers are never chunked.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").context("no HTTP answer")?;
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).context("no status")?;
    Ok((status, body.to_owned()))
}

/// Who is scraped, and by what configuration.
#[derive(Clone, Copy, Debug)]
pub enum Job<'a> {
    /// A job of this name, without anything else.
    Plain(&'a str, u16),
    /// What the operator makes of deploy/kubernetes/podmonitor.yaml, for a pod of the DaemonSet on [`NODE`].
    PodMonitor(u16),
}

/// The node of a [`Job::PodMonitor`].
pub const NODE: &str = "worker-3";

impl Job<'_> {
    /// Its entry of `scrape_configs`.
    fn config(self) -> String {
        match self {
            Self::Plain(name, port) => {
                format!("  - job_name: {name}\n    static_configs: [{{targets: ['127.0.0.1:{port}']}}]\n")
            }
            // Discovery is replaced; what the operator generates from what discovery says is not.
            Self::PodMonitor(port) => format!(
                "  - job_name: podMonitor/mtutrace/mtutrace/0
    honor_labels: false
    static_configs:
      - targets: ['127.0.0.1:{port}']
        labels:
          __meta_kubernetes_namespace: mtutrace
          __meta_kubernetes_pod_name: mtutrace-x7k2p
          __meta_kubernetes_pod_node_name: {NODE}
          __meta_kubernetes_pod_phase: Running
          __meta_kubernetes_pod_container_name: mtutrace
          __meta_kubernetes_pod_container_port_name: metrics
          __meta_kubernetes_pod_label_app_kubernetes_io_name: mtutrace
          __meta_kubernetes_pod_labelpresent_app_kubernetes_io_name: 'true'
    relabel_configs:
      - {{source_labels: [job], target_label: __tmp_prometheus_job_name}}
      - {{source_labels: [__meta_kubernetes_pod_phase], regex: (Failed|Succeeded), action: drop}}
      - source_labels: [__meta_kubernetes_pod_label_app_kubernetes_io_name, __meta_kubernetes_pod_labelpresent_app_kubernetes_io_name]
        regex: (mtutrace);true
        action: keep
      - {{source_labels: [__meta_kubernetes_pod_container_port_name], regex: metrics, action: keep}}
      - {{source_labels: [__meta_kubernetes_namespace], target_label: namespace}}
      - {{source_labels: [__meta_kubernetes_pod_container_name], target_label: container}}
      - {{source_labels: [__meta_kubernetes_pod_name], target_label: pod}}
      - {{target_label: job, replacement: mtutrace/mtutrace}}
      - {{target_label: endpoint, replacement: metrics}}
      - {{source_labels: [__meta_kubernetes_pod_node_name], target_label: node}}
"
            ),
        }
    }
}

/// A running server; its folder goes with it.
#[derive(Debug)]
pub struct Prometheus {
    _process: Process,
    port: u16,
    _dir: Folder,
}

impl Prometheus {
    /// Scrapes each of the jobs every second, by the rules of deploy/.
    pub fn start(jobs: &[Job]) -> Result<Self> {
        let dir = Folder(std::env::temp_dir().join(format!("{}-prometheus", name::prefix())));
        std::fs::create_dir_all(&dir.0)?;
        let rules = std::fs::canonicalize(repository("deploy/prometheus/mtutrace.rules.yaml"))?;
        let jobs = jobs.iter().map(|job| job.config()).collect::<String>();
        let rules = rules.display();
        let config = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: ['{rules}']\nscrape_configs:\n{jobs}"
        );
        let file = dir.0.join("prometheus.yml");
        std::fs::write(&file, config)?;
        let port = free_port()?;
        let mut command = Command::new(program("prometheus").context("no prometheus: cargo xtask setup")?);
        command.arg(format!("--config.file={}", file.display()));
        command.arg(format!("--storage.tsdb.path={}", dir.0.join("data").display()));
        command.args([format!("--web.listen-address=127.0.0.1:{port}"), "--log.level=warn".to_owned()]);
        die_with_parent(command.stdin(Stdio::null()));
        let mut process = Process::spawn(&mut command)?;
        wait::until("Prometheus to be ready", START, || match process.ended()? {
            Some(status) => bail!("prometheus ended: {status}"),
            None => Ok(get(port, "/-/ready").ok().filter(|(status, _)| *status == 200)),
        })?;
        Ok(Self { _process: process, port, _dir: dir })
    }

    /// What a PromQL expression gives now: a list of `{"metric": labels, "value": [time, text]}`.
    pub fn query(&self, expression: &str) -> Result<Vec<Value>> {
        let encode = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
            _ => format!("%{byte:02X}"),
        };
        let query = expression.bytes().map(encode).collect::<String>();
        let (status, body) = get(self.port, &format!("/api/v1/query?query={query}"))?;
        let mut answer: Value = serde_json::from_str(&body).with_context(|| body.clone())?;
        match answer["data"]["result"].take() {
            Value::Array(rows) if status == 200 => Ok(rows),
            _ => bail!("{expression}: {body}"),
        }
    }

    /// What is pending or firing: a list of `{"labels", "annotations", "state", …}`.
    pub fn alerts(&self) -> Result<Vec<Value>> {
        let (status, body) = get(self.port, "/api/v1/alerts")?;
        let mut answer: Value = serde_json::from_str(&body).with_context(|| body.clone())?;
        match answer["data"]["alerts"].take() {
            Value::Array(alerts) if status == 200 => Ok(alerts),
            _ => bail!("alerts: {body}"),
        }
    }

    /// Waits until an expression gives something.
    pub fn await_data(&self, expression: &str, timeout: Duration) -> Result<Vec<Value>> {
        wait::until(&format!("data of {expression}"), timeout, || {
            let rows = self.query(expression)?;
            Ok((!rows.is_empty()).then_some(rows))
        })
    }
}

#[derive(Debug)]
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _never_made = std::fs::remove_dir_all(&self.0);
    }
}
