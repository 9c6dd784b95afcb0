//! The founding incident as it was: a pod of containerd's, and the Docker in its container.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use mtutrace_tests::runtimes::incident::{self, Incident};
use mtutrace_tests::runtimes::machine::Machine;
use mtutrace_tests::runtimes::{POD_MTU, containerd, skip};

#[test]
fn docker0_inside_a_pod() {
    if skip(&["containerd", "ctr", "dockerd", "docker", "runc", "iptables"]) {
        return;
    }
    let pod = containerd::pod().unwrap();
    let dind = &pod.dind;
    let prefix = dind.machine().prefix().to_owned();
    let inner = dind.container("build-apk", "bridge").unwrap();
    let mut incident = Incident::stall(dind, &inner).unwrap();
    let verdict = &incident.verdict;
    let parent = &verdict["container"]["parents"][0];
    assert_eq!(verdict["culprit"]["interface"], "docker0", "{verdict}");
    assert_eq!(parent["id"], dind.id.as_str(), "{verdict}");
    assert_eq!(parent["pod"]["uid"], pod.names.uid.as_str(), "{verdict}");
    assert_eq!(incident.fix(0), format!("dockerd --mtu={POD_MTU}"));

    incident.relieve(dind, &inner).unwrap();
    dind.restart(&[&format!("--mtu={POD_MTU}")]).unwrap();
    let anew = dind.container("build-again", "bridge").unwrap();
    incident::flows(dind, &anew).unwrap();
    assert!(incident.stays_silent_about(&anew).unwrap());
    drop(pod);
    assert_eq!(Machine::remains(&prefix).unwrap(), Vec::<String>::new());
}
