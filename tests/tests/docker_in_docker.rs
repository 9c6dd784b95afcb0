//! The founding incident with the real Docker: one in a container of another, which nobody told about its network.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use mtutrace_tests::runtimes::incident::{self, Incident};
use mtutrace_tests::runtimes::machine::Machine;
use mtutrace_tests::runtimes::{POD_MTU, docker, skip};

/// What they need besides the laboratory's own tools.
const PROGRAMS: [&str; 5] = ["dockerd", "docker", "containerd", "runc", "iptables"];

#[test]
fn docker0_inside_a_container() {
    if skip(&PROGRAMS) {
        return;
    }
    let dind = docker::runner().unwrap();
    let prefix = dind.machine().prefix().to_owned();
    let inner = dind.container("build-apk", "bridge").unwrap();
    let mut incident = Incident::stall(&dind, &inner).unwrap();
    let verdict = &incident.verdict;
    assert_eq!(verdict["culprit"]["interface"], "docker0", "{verdict}");
    assert_eq!(verdict["container"]["parents"][0]["id"], dind.id.as_str(), "{verdict}");

    // The lasting fix first: it is what the verdict says first.
    let fix = incident.fix(0);
    let options = fix.strip_prefix("dockerd ").unwrap_or_else(|| panic!("not for a Docker in Docker: {fix}"));
    assert_eq!(options, format!("--mtu={POD_MTU}"));
    // A container that runs is helped at once, ...
    incident.relieve(&dind, &inner).unwrap();
    // ... and one made anew by the restarted Docker needs no help.
    dind.restart(&options.split(' ').collect::<Vec<_>>()).unwrap();
    let anew = dind.container("build-again", "bridge").unwrap();
    incident::flows(&dind, &anew).unwrap();
    assert!(incident.stays_silent_about(&anew).unwrap());
    drop(dind);
    assert_eq!(Machine::remains(&prefix).unwrap(), Vec::<String>::new());
}

#[test]
fn a_user_defined_network_inside_a_container() {
    if skip(&PROGRAMS) {
        return;
    }
    let dind = docker::runner().unwrap();
    dind.run("docker", &["network", "create", "ci-net"]).unwrap();
    let id = dind.run("docker", &["network", "inspect", "--format", "{{.Id}}", "ci-net"]).unwrap();
    let inner = dind.container("build-apk", "ci-net").unwrap();
    let mut incident = Incident::stall(&dind, &inner).unwrap();
    let verdict = &incident.verdict;
    assert_eq!(verdict["culprit"]["interface"], format!("br-{}", &id[..12]), "{verdict}");
    assert_eq!(verdict["container"]["parents"][0]["id"], dind.id.as_str(), "{verdict}");

    let fix = incident.fix(0);
    assert!(fix.contains(&format!("com.docker.network.driver.mtu={POD_MTU}")), "{fix}");
    assert!(!fix.contains("--mtu"), "dockerd --mtu does not reach a user-defined network: {fix}");
    // As printed: the network is made anew under the container, which goes on running.
    dind.run("sh", &["-c", &fix]).unwrap();
    incident::flows(&dind, &inner).unwrap();
    incident.ends().unwrap();
}
