//! The laboratory itself: the incident is real, and it leaves nothing behind.
#![allow(clippy::unwrap_used, reason = "a scenario fails by panicking")]

use std::time::Duration;

use mtutrace_tests::check::skip;
use mtutrace_tests::lab::datagrams::{Discovery, Sent, udp_send};
use mtutrace_tests::lab::incident::{Incident, IncidentSpec, SERVER};
use mtutrace_tests::lab::traffic::{HttpServer, Transfer};
use mtutrace_tests::lab::{leaks, wait};

const BIG: usize = 300_000;
const PATIENCE: Duration = Duration::from_secs(3);

#[test]
fn a_download_stalls_when_icmp_is_filtered_until_the_fix() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec::default()).unwrap();
    assert!(lab.download(1000, PATIENCE).unwrap().finish().unwrap().complete, "a small one gets through");

    let mut stalled = lab.download(BIG, PATIENCE).unwrap();
    stalled.wait_for_stall().unwrap();
    let outcome = stalled.finish().unwrap();
    assert!(!outcome.complete && outcome.bytes == 0, "not one full segment gets through: {outcome:?}");

    lab.apply_fix().unwrap();
    assert_eq!(lab.pod.netns.mtu("docker0").unwrap(), 1450);
    assert_eq!(lab.inner.netns.mtu("eth0").unwrap(), 1450);
    let outcome = lab.download(BIG, PATIENCE).unwrap().finish().unwrap();
    assert!(outcome.complete && outcome.bytes == BIG as u64, "{outcome:?}");
}

#[test]
fn an_upload_stalls_when_icmp_is_filtered() {
    if skip() {
        return;
    }
    let lab = Incident::build(IncidentSpec { inner_mtu: 1400, pod_mtu: 1330, ..Default::default() }).unwrap();
    let mut upload = lab.upload(BIG, PATIENCE).unwrap();
    upload.wait_for_stall().unwrap();
    assert!(!upload.finish().unwrap().complete);
}

#[test]
fn without_the_filter_both_directions_recover() {
    if skip() {
        return;
    }
    for (nat, node_nat) in [(true, true), (true, false), (false, false), (false, true)] {
        let spec = IncidentSpec { icmp_filtered: false, nat, node_nat, ..Default::default() };
        let lab = Incident::build(spec).unwrap();
        let download = lab.download(BIG, PATIENCE).unwrap().finish().unwrap();
        assert!(download.complete && download.bytes == BIG as u64, "nat={nat}/{node_nat}: {download:?}");
        let upload = lab.upload(BIG, PATIENCE).unwrap().finish().unwrap();
        assert!(upload.complete && upload.bytes == BIG as u64, "nat={nat}/{node_nat}: {upload:?}");
    }
}

#[test]
fn processes_are_in_the_containers_cgroups() {
    if skip() {
        return;
    }
    for nested_cgroup in [false, true] {
        let lab = Incident::build(IncidentSpec { nested_cgroup, ..Default::default() }).unwrap();
        let client = lab.download(BIG, PATIENCE).unwrap();
        for (pid, container) in
            [(lab.pod.pid(), &lab.pod), (lab.inner.pid(), &lab.inner), (client.pid(), &lab.inner)]
        {
            let lines = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).unwrap();
            let here = format!(":{}", container.cgroup().path());
            assert!(lines.lines().any(|line| line.ends_with(&here)), "{here} is not in\n{lines}");
            let netns = std::fs::read_link(format!("/proc/{pid}/ns/net")).unwrap();
            let inode = container.netns.inode().unwrap();
            assert_eq!(netns.to_str().unwrap(), format!("net:[{inode}]"));
        }
        assert_eq!(lab.inner.cgroup().path().contains(&lab.pod.id), nested_cgroup);
    }
}

#[test]
fn containers_can_be_added_and_talk_to_each_other() {
    if skip() {
        return;
    }
    let mut lab = Incident::build(IncidentSpec::default()).unwrap();
    let late = lab.add_late_container().unwrap();
    let mut download = Transfer::get(late.place(), &format!("http://{SERVER}/{BIG}"), PATIENCE).unwrap();
    download.wait_for_stall().unwrap();
    drop(download);

    let beside = lab.add_neighbour().unwrap();
    let address = beside.address.clone();
    let _server = HttpServer::start(beside.place(), 80).unwrap();
    let mut download =
        Transfer::get(lab.inner.place(), &format!("http://{address}/{BIG}"), PATIENCE).unwrap();
    assert!(download.finish().unwrap().complete, "neighbours talk at the bridge's own MTU");
    let send = |size| udp_send(lab.inner.place(), &format!("{address}:9"), size, 3, Discovery::Df).unwrap();
    assert_eq!(send(1400), Sent { sent: 3, refused: 0 });
    assert_eq!(send(1600), Sent { sent: 0, refused: 3 });
}

#[test]
fn a_dropped_lab_leaves_nothing_behind() {
    if skip() {
        return;
    }
    let mut lab = Incident::build(IncidentSpec { nested_cgroup: true, ..Default::default() }).unwrap();
    lab.add_late_container().unwrap();
    let prefix = format!("{}-", lab.prefix());
    assert_eq!(leaks::namespaces(&prefix).unwrap().len(), 5);
    let dirs = [lab.pod.cgroup().dir().to_owned(), lab.inner.cgroup().dir().to_owned()];
    let pids = [lab.pod.pid(), lab.inner.pid(), lab.added[0].pid()];
    assert!(dirs.iter().all(|dir| dir.is_dir()));

    drop(lab);
    assert!(leaks::namespaces(&prefix).unwrap().is_empty());
    assert!(dirs.iter().all(|dir| !dir.exists()));
    for pid in pids {
        wait::until("the holder to be gone", PATIENCE, || {
            Ok((!std::path::Path::new(&format!("/proc/{pid}")).exists()).then_some(()))
        })
        .unwrap();
    }
}

#[test]
fn programs_of_the_kernel_can_be_listed() {
    if skip() {
        return;
    }
    leaks::programs().unwrap();
    assert_eq!(leaks::Held::by(std::process::id()).unwrap(), leaks::Held::default());
}
