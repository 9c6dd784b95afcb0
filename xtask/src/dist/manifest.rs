//! What Kubernetes' manifests say, and the same said to Docker.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::exec;

/// The DaemonSet that is shipped.
pub(crate) fn daemonset() -> Result<Value> {
    read(&exec::root().join("deploy/kubernetes/daemonset.yaml"))
}

/// A YAML file with one document.
pub(crate) fn read(path: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_norway::from_str(&text).with_context(|| path.display().to_string())
}

/// Options of `docker run` that give a container what the pod of this DaemonSet gets.
pub(crate) fn docker_options(daemonset: &Value) -> Result<Vec<String>> {
    let pod = &daemonset["spec"]["template"]["spec"];
    let container = &pod["containers"][0];
    let security = &container["securityContext"];
    let on = |value: &Value| value == true;
    let mut options = Vec::new();
    let mut say = |when: bool, option: String| options.extend(when.then_some(option));
    say(on(&pod["hostPID"]), "--pid=host".to_owned());
    say(on(&pod["hostNetwork"]), "--network=host".to_owned());
    say(on(&security["privileged"]), "--privileged".to_owned());
    say(on(&security["readOnlyRootFilesystem"]), "--read-only".to_owned());
    say(security["allowPrivilegeEscalation"] == false, "--security-opt=no-new-privileges".to_owned());
    say(security["appArmorProfile"]["type"] == "Unconfined", "--security-opt=apparmor=unconfined".to_owned());
    say(security["seccompProfile"]["type"] == "Unconfined", "--security-opt=seccomp=unconfined".to_owned());
    let user = |name: &str| security[name].as_u64().context("the user is not named");
    say(true, format!("--user={}:{}", user("runAsUser")?, user("runAsGroup")?));
    for (key, option) in [("drop", "--cap-drop"), ("add", "--cap-add")] {
        for name in security["capabilities"][key].as_array().into_iter().flatten() {
            say(true, format!("{option}={}", name.as_str().context("a capability that is no text")?));
        }
    }
    let memory = container["resources"]["limits"]["memory"].as_str().and_then(|text| text.strip_suffix("Mi"));
    say(true, format!("--memory={}m", memory.context("the memory limit is not in Mi")?));
    for mount in container["volumeMounts"].as_array().into_iter().flatten() {
        let mut volumes = pod["volumes"].as_array().into_iter().flatten();
        let volume =
            volumes.find(|volume| volume["name"] == mount["name"]).context("a mount of no volume")?;
        let from = volume["hostPath"]["path"].as_str().context("a volume that is no path")?;
        let to = mount["mountPath"].as_str().context("a mount without a path")?;
        let mode = if on(&mount["readOnly"]) { "ro" } else { "rw" };
        let sees_later = mount["mountPropagation"] == "HostToContainer";
        say(true, format!("--volume={from}:{to}:{mode}{}", if sees_later { ",rslave" } else { "" }));
    }
    Ok(options)
}

/// The arguments of its container, for Docker, which has no variable for a container's address.
pub(crate) fn arguments(daemonset: &Value) -> Vec<String> {
    let args = daemonset["spec"]["template"]["spec"]["containers"][0]["args"].as_array();
    let args = args.into_iter().flatten().filter_map(Value::as_str);
    args.map(|arg| arg.replace("$(POD_IP)", "0.0.0.0")).collect()
}

#[cfg(test)]
mod tests;
