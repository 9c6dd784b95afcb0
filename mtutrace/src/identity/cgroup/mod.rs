//! The text of /proc/PID/cgroup → the container of a process and the containers around it. Pure.
//!
//! Runtimes name a container's cgroup after its id, below the cgroup of whatever they run in themselves, so a path
//! with several ids tells containers inside containers. Forms: runc's cgroupfs driver (`…/<id>`), its systemd driver
//! (`…/<prefix>-<id>.scope`), and the systemd form taken literally as a directory name (`<slice>:<prefix>:<id>`, when
//! the CRI says systemd but runc was not told, and BuildKit). Those that have a name instead of an id are in `named`.
mod named;

use crate::model::Runtime;

/// A container as far as its cgroup path tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ContainerRef {
    /// Full id: 64 hex digits, BuildKit's 25 characters; or a name.
    pub(crate) id: String,
    /// What made it, where the name of the cgroup tells.
    pub(crate) runtime: Option<Runtime>,
    /// UID of the Kubernetes pod whose cgroup it lies in, with dashes.
    pub(crate) pod_uid: Option<String>,
}

/// The container of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CgroupIdentity {
    /// The container, then those it runs in, innermost first; never empty.
    pub(crate) chain: Vec<ContainerRef>,
}

/// Reads a whole /proc/PID/cgroup (cgroups(7)): v1, v2 and hybrid, by the line that knows most.
///
/// A process that can create cgroups below its own can claim inner containers that do not exist, not outer ones (see
/// [`super::twins`]).
pub(crate) fn parse(text: &[u8]) -> Option<CgroupIdentity> {
    let mut best: Vec<ContainerRef> = Vec::new();
    for line in text.split(|&byte| byte == b'\n') {
        // "hierarchy:controllers:path", and the path may have colons of its own.
        let Some(path) = line.splitn(3, |&byte| byte == b':').nth(2) else { continue };
        let chain = chain_of(path);
        if knowledge(&chain) > knowledge(&best) {
            best = chain;
        }
    }
    (!best.is_empty()).then_some(CgroupIdentity { chain: best })
}

/// How much a chain tells: its length first, then what is known of its containers.
fn knowledge(chain: &[ContainerRef]) -> (usize, usize) {
    let known = |c: &ContainerRef| usize::from(c.runtime.is_some()) + usize::from(c.pod_uid.is_some());
    (chain.len(), chain.iter().map(known).sum())
}

fn chain_of(path: &[u8]) -> Vec<ContainerRef> {
    // kernfs marks the removed cgroup of a dying process like this.
    let path = path.strip_suffix(b" (deleted)").unwrap_or(path);
    let mut chain: Vec<ContainerRef> = Vec::new();
    let (mut parent, mut below_docker, mut below_nomad, mut pod_uid) = ("", false, false, None);
    for segment in path.split(|&byte| byte == b'/') {
        let segment = std::str::from_utf8(segment).unwrap_or_default();
        // In the colon form the pod's slice and the container are one segment.
        pod_uid = pod_of(segment.split(':').next().unwrap_or_default()).or(pod_uid);
        below_docker |= segment == "docker";
        below_nomad |= matches!(segment, "nomad" | "nomad.slice");
        let by_name = || named::container_of(parent, segment, below_nomad);
        let by_id = container_of(parent, segment).map(|(id, runtime)| (id.to_owned(), runtime));
        if let Some((id, runtime)) = by_id.or_else(|| by_name().map(|(name, runtime)| (name, Some(runtime))))
        {
            let runtime = runtime.or(below_docker.then_some(Runtime::Docker));
            let pod_uid = pod_uid.take();
            below_docker = false;
            // Kind's nested cgroup v1 mounts repeat the outer path: /docker/A/docker/A/kubelet/…
            if chain.iter().all(|known| known.id != id) {
                chain.push(ContainerRef { id, runtime, pod_uid });
            }
        }
        parent = segment;
    }
    chain.reverse();
    chain
}

/// The container that a path segment names, given the segment above it.
fn container_of<'a>(parent: &str, segment: &'a str) -> Option<(&'a str, Option<Runtime>)> {
    if is_long_id(segment) {
        // Podman's cgroupfs driver puts /libpod_parent/<pod id>/libpod-<id>.
        return (parent != "libpod_parent").then_some((segment, None));
    }
    // Kata's sandbox, in which its virtual machine runs.
    if let Some(id) = segment.strip_prefix("kata_").filter(|id| is_long_id(id)) {
        return Some((id, Some(Runtime::Containerd)));
    }
    // moby's builder: /docker/<id>, /docker/buildkit/<id>; buildkitd by itself: /buildkit/<id>.
    if is_buildkit_id(segment) && matches!(parent, "docker" | "buildkit") {
        return Some((segment, Some(Runtime::Docker)));
    }
    let mut parts = segment.split(':');
    if let (Some(_slice), Some(prefix), Some(id), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    {
        return prefixed(prefix, id, true);
    }
    let scope = segment.strip_suffix(".scope");
    let (prefix, id) = scope.unwrap_or(segment).rsplit_once('-')?;
    prefixed(prefix, id, scope.is_some())
}

/// `<prefix>-<id>`: the prefix is the runtime's. A unit may have one that is not known here; a directory may not.
fn prefixed<'a>(prefix: &str, id: &'a str, unit: bool) -> Option<(&'a str, Option<Runtime>)> {
    let of_buildkit = prefix == "docker" && is_buildkit_id(id);
    if !(is_long_id(id) || of_buildkit) {
        return None;
    }
    let runtime = match prefix {
        "docker" => Some(Runtime::Docker),
        "cri-containerd" | "nerdctl" | "kata" => Some(Runtime::Containerd),
        "crio" => Some(Runtime::CriO),
        // "payload": podman run --cgroups=split (quadlets).
        "libpod" | "libpod-payload" => Some(Runtime::Podman),
        // The monitor carries the id of its container but runs outside of it.
        monitor if monitor.ends_with("conmon") => return None,
        _ if unit => None,
        _ => return None,
    };
    Some((id, runtime))
}

/// kubelet's pod cgroups: `pod<uid>`, `kubepods[-qos]-pod<uid, dashes as underscores>.slice`, maybe after a prefix.
fn pod_of(segment: &str) -> Option<String> {
    let (before, uid) = segment.strip_suffix(".slice").unwrap_or(segment).rsplit_once("pod")?;
    // 36: a UUID; 32: the config hash of a static pod.
    let well_formed = matches!(uid.len(), 32 | 36)
        && uid.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f' | b'-' | b'_'))
        && (before.is_empty() || before.ends_with('-'));
    well_formed.then(|| uid.replace('_', "-"))
}

/// Whether it has the form of an id that a runtime gives to one container alone.
pub(crate) fn is_id(text: &str) -> bool {
    is_long_id(text) || is_buildkit_id(text)
}

fn is_long_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// BuildKit's `identity.NewID`: 25 digits of base 36.
fn is_buildkit_id(text: &str) -> bool {
    text.len() == 25 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'z'))
}

#[cfg(test)]
mod tests;
