//! A container's parents and its runtime, where its own cgroup path does not tell them. Pure.
//!
//! A runtime's monitor (containerd-shim, conmon) is the parent process of its containers and lives in the cgroup that
//! the runtime lives in. So the containers of a process's ancestors are the containers around it.
use super::cgroup::{CgroupIdentity, ContainerRef};
use crate::model::{Container, Pod, Runtime};

/// A process above another one.
pub(crate) struct Ancestor {
    /// Its name, 15 bytes of it (TASK_COMM_LEN).
    pub(crate) comm: String,
    /// It is a shim in Docker's namespace of containerd.
    pub(crate) moby: bool,
    /// Its containers, innermost first.
    pub(crate) chain: Vec<ContainerRef>,
}

/// The container of a process, given its cgroup and the processes above it, nearest first.
pub(crate) fn resolve(own: CgroupIdentity, ancestors: impl Iterator<Item = Ancestor>) -> Option<Container> {
    let mut chain = own.chain;
    for ancestor in ancestors {
        merge(&mut chain, &ancestor.chain);
        set_runtime(&mut chain, &ancestor);
    }
    let mut chain = chain.into_iter().map(container);
    let mut innermost = chain.next()?;
    innermost.parents = chain.collect();
    Some(innermost)
}

/// Adds what an ancestor's cgroup tells and the chain lacks, keeping the order of both.
fn merge(chain: &mut Vec<ContainerRef>, ancestor: &[ContainerRef]) {
    let mut at = chain.len();
    for outer in ancestor.iter().rev() {
        match chain.iter().position(|c| c.id == outer.id) {
            // What follows is inside of the container itself.
            Some(0) => break,
            Some(known) => at = known,
            None if shares_pod(chain, outer) => {}
            None => chain.insert(at, outer.clone()),
        }
    }
}

/// With a shared pid namespace, a pod's pause process adopts the orphans of the other containers: no parent of them.
fn shares_pod(chain: &[ContainerRef], other: &ContainerRef) -> bool {
    other.pod_uid.is_some() && chain.iter().any(|c| c.pod_uid == other.pod_uid)
}

/// If the ancestor is a monitor: what it monitors is the container just inside of the one where it lives.
fn set_runtime(chain: &mut [ContainerRef], ancestor: &Ancestor) {
    let outside = match ancestor.chain.first() {
        Some(home) => chain.iter().position(|c| c.id == home.id),
        None => Some(chain.len()),
    };
    let Some(monitored) = outside.and_then(|i| i.checked_sub(1)).and_then(|i| chain.get_mut(i)) else {
        return;
    };
    let runtime = match ancestor.comm.as_str() {
        shim if shim.starts_with("containerd-shim") && ancestor.moby => Runtime::Docker,
        shim if shim.starts_with("containerd-shim") => Runtime::Containerd,
        "conmon" if monitored.pod_uid.is_some() => Runtime::CriO,
        "conmon" => Runtime::Podman,
        _ => return,
    };
    monitored.runtime.get_or_insert(runtime);
}

fn container(known: ContainerRef) -> Container {
    let pod = known.pod_uid.map(|uid| Pod { uid: Some(uid), ..Pod::default() });
    Container { runtime: known.runtime, pod, ..Container::new(known.id) }
}

#[cfg(test)]
mod tests;
