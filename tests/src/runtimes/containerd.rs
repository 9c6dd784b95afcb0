//! containerd on the node, and a pod made by its CRI, without a kubelet, with a container that runs Docker.

use anyhow::{Context, Result};

use super::cri::{Cri, PodNames};
use super::dind::Dind;
use super::machine::{Machine, POD_MTU, SHARE};
use super::{image, programs};
use crate::lab::cgroup::random_uid;

/// A pod that runs Docker.
#[derive(Debug)]
pub struct Pod {
    /// The Docker in its container.
    pub dind: Dind,
    /// Its namespace, name and uid.
    pub names: PodNames,
}

/// Starts containerd, the pod, its container, and Docker inside it.
pub fn pod() -> Result<Pod> {
    let mut machine = Machine::build()?;
    let plugins =
        { programs::CNI }.into_iter().find(|dir| machine.path(dir).join(programs::CNI_BRIDGE).is_file());
    let plugins = plugins.context("no CNI plugin bridge: cargo xtask setup")?;
    std::fs::write(machine.path("/etc/cni/net.d/10-lab.conflist"), network())?;
    let config = format!("{SHARE}/containerd.toml");
    std::fs::write(machine.path(&config), settings(plugins))?;
    machine.start(&format!("containerd --config {config}"))?;
    machine.await_daemon("containerd", |m| m.run("ctr", &["version"]).ok())?;
    machine.run("ctr", &["--namespace", "k8s.io", "images", "import", &format!("{SHARE}/archive.tar")])?;

    let names = PodNames { namespace: "ci".to_owned(), name: "pipeline-4711".to_owned(), uid: random_uid()? };
    Dind::prepare(&machine)?;
    let socket = machine.path("/run/containerd/containerd.sock");
    let cgroup = format!("/{}/kubepods/besteffort/pod{}", machine.prefix(), names.uid);
    let cri = Cri::connect(&socket)?;
    let id = machine
        .await_daemon("the pod", |_| cri.run_pod(&names, &cgroup).ok())
        .or_else(|error| cri.run_pod(&names, &cgroup).with_context(|| format!("{error:#}")))?;
    let id = cri.run_container(&id, &names, &cgroup, &["sh", "-c", super::dind::SUPERVISOR])?;
    Ok(Pod { dind: Dind::start(machine, id)?, names })
}

/// The network of pods: the bridge plugin, as a cluster without an overlay has it.
fn network() -> String {
    format!(
        r#"{{ "cniVersion": "0.4.0", "name": "lab", "plugins": [ {{
  "type": "bridge", "bridge": "cni0", "mtu": {POD_MTU}, "isGateway": true, "ipMasq": true,
  "ipam": {{ "type": "host-local", "dataDir": "/run/cni-ipam", "routes": [ {{ "dst": "0.0.0.0/0" }} ],
            "ranges": [ [ {{ "subnet": "10.42.0.0/24" }} ] ] }} }} ] }}"#
    )
}

/// Only what differs from containerd's own: no registry, plain directories, and no right to lower an OOM score.
fn settings(plugins: &str) -> String {
    format!(
        r#"version = 2
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{}"
  restrict_oom_score_adj = true
  disable_apparmor = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{plugins}"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
"#,
        image::NAME
    )
}
