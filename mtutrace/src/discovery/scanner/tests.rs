use std::time::Duration;

use super::*;
use crate::model::Runtime;
use crate::testing::identity::TempDir;

const A: &str = "0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9";
const B: &str = "b413aa74fd2ff75f15b32438dce58a63b73bc04c4bd476ca7ab54c12da6a43d4";
const P: &str = "c9eae77df5fb5de73ccc3eff21cd7f1c72434fef6ade1328924315ebe7eeadd5";
const POD: &str = "/kubepods/besteffort/pod1f2e3d4c-5b6a-4978-8695-a4b3c2d1e0f9";
const HOST: u32 = 100;

/// A /proc and a /run/netns of our own.
struct Tree(TempDir);

impl Tree {
    /// PID 1 and a kernel thread on the host.
    fn new() -> Tree {
        let tree = Tree(TempDir::new());
        tree.0.file("proc/meminfo", "");
        tree.process(1, HOST, 0, 1, "systemd", "/init.scope");
        tree.process(2, HOST, 0, 2, "kthreadd", "/");
        tree
    }

    fn scanner(&self) -> Scanner {
        Scanner::new(self.0.path().join("proc"), self.0.path().join("netns"))
    }

    fn process(&self, pid: u32, netns: u32, ppid: u32, start: u64, comm: &str, cgroup: &str) {
        self.0.link(&format!("proc/{pid}/ns/net"), &format!("net:[{netns}]"));
        let zeros = "0 ".repeat(17);
        self.0.file(&format!("proc/{pid}/stat"), format!("{pid} ({comm}) S {ppid} {zeros}{start} 0 0\n"));
        self.cgroup(pid, cgroup);
    }

    fn cgroup(&self, pid: u32, cgroup: &str) {
        self.0.file(&format!("proc/{pid}/cgroup"), format!("0::{cgroup}\n"));
    }

    fn exit(&self, pid: u32) {
        self.0.remove(&format!("proc/{pid}"));
    }
}

/// "200: b413 docker < 0a1b", the containers of a namespace with their parents.
fn summary(scanner: &mut Scanner) -> Vec<String> {
    let text = |c: &Container| {
        let mut text = c.id[..4].to_owned();
        for parent in &c.parents {
            text = format!("{text} < {}", &parent.id[..4]);
        }
        text
    };
    let netns = |n: &NetnsProcs| {
        format!("{}: {}", n.id, n.containers.iter().map(text).collect::<Vec<_>>().join(", "))
    };
    scanner.scan().unwrap().iter().map(netns).collect()
}

#[test]
fn the_founding_incident() {
    let tree = Tree::new();
    // The shim of the pod is on the host; inside of the step's container dockerd and its shim.
    tree.process(10, HOST, 1, 10, "containerd-shim", "/system.slice/containerd.service");
    tree.process(11, 200, 10, 11, "pause", &format!("{POD}/{P}"));
    tree.process(12, 200, 10, 20, "dockerd", &format!("{POD}/{A}"));
    tree.process(13, 200, 12, 21, "containerd-shim", &format!("{POD}/{A}"));
    tree.0.file("proc/13/cmdline", "/usr/bin/containerd-shim-runc-v2\0-namespace\0moby\0-id\0x\0");
    tree.process(14, 300, 13, 22, "apk", &format!("/x/{B}"));
    let mut scanner = tree.scanner();
    let found = scanner.scan().unwrap();
    assert_eq!(scanner.host(), NetnsId(HOST));
    assert_eq!(scanner.unreadable(), 0);
    assert_eq!(found.len(), 3);

    let host = &found[0];
    assert_eq!((host.id, host.pids.as_slice(), host.name.as_deref()), (NetnsId(HOST), &[1, 2, 10][..], None));
    assert!(host.containers.is_empty());

    let pod = &found[1];
    assert_eq!(pod.pids, [11, 12, 13]);
    assert_eq!(pod.path, tree.0.path().join("proc/11/ns/net"));
    let ids: Vec<&str> = pod.containers.iter().map(|c| c.id.as_str()).collect();
    assert_eq!(ids, [A, P], "the pause container comes last");
    assert!(pod.containers.iter().all(|c| c.parents.is_empty() && c.runtime == Some(Runtime::Containerd)));
    let uid = pod.containers[0].pod.as_ref().and_then(|pod| pod.uid.as_deref());
    assert_eq!(uid, Some("1f2e3d4c-5b6a-4978-8695-a4b3c2d1e0f9"));

    let build = &found[2].containers;
    assert_eq!(build.len(), 1);
    assert_eq!((build[0].id.as_str(), build[0].runtime), (B, Some(Runtime::Docker)));
    assert_eq!(build[0].parents, [pod.containers[0].clone()]);
}

#[test]
fn a_process_is_moved_to_its_cgroup_later() {
    let tree = Tree::new();
    tree.process(12, 200, 1, 12, "dockerd", &format!("/docker/{A}"));
    let mut scanner = tree.scanner();
    // First it is a child of dockerd like any other, even if it has its own namespace already.
    tree.process(14, 300, 12, 14, "runc", &format!("/docker/{A}"));
    tree.process(20, 400, 1, 20, "runc", "/system.slice/docker.service");
    assert_eq!(summary(&mut scanner), ["100: ", "200: 0a1b", "300: 0a1b", "400: "]);
    assert_eq!(summary(&mut scanner), ["100: ", "200: 0a1b", "300: 0a1b", "400: "]);
    tree.cgroup(14, &format!("/docker/{A}/docker/{B}"));
    tree.cgroup(20, &format!("/docker/{P}"));
    assert_eq!(summary(&mut scanner), ["100: ", "200: 0a1b", "300: b413 < 0a1b", "400: c9ea"]);
}

/// Scans once a second, and says how many scans it took until a namespace has that owner, or none.
fn seconds_until(scanner: &mut Scanner, start: &mut Instant, netns: u32, owner: Option<&str>) -> usize {
    let owned = |scanner: &mut Scanner, now| {
        let found = scanner.scan_at(now).unwrap().into_iter().find(|found| found.id == NetnsId(netns));
        found.and_then(|found| Some(found.containers.first()?.id.clone())).as_deref() == owner
    };
    let step = || {
        *start += Duration::from_secs(1);
        *start
    };
    1 + std::iter::repeat_with(step).take(30).position(|now| owned(scanner, now)).unwrap()
}

#[test]
fn one_that_is_known_becomes_another_one_moves_leaves_or_dies_unheeded() {
    let tree = Tree::new();
    for pid in [10, 11, 12, 13] {
        tree.process(pid, 200 + pid, 1, 12, "web", &format!("/docker/{A}"));
    }
    let (mut scanner, mut now) = (tree.scanner(), Instant::now());
    for _ in 0..20 {
        assert_eq!(seconds_until(&mut scanner, &mut now, 210, Some(A)), 1);
    }
    // While it is known, nothing but its inode is looked at: a file that lies does no harm for a second.
    let cgroup = |pid: u32| tree.0.path().join(format!("proc/{pid}/cgroup"));
    let lies = (0..4).filter(|_| {
        fs::rename(cgroup(10), cgroup(10).with_extension("away")).unwrap();
        let seen = seconds_until(&mut scanner, &mut now, 210, Some(A)) == 1;
        fs::rename(cgroup(10).with_extension("away"), cgroup(10)).unwrap();
        seen
    });
    assert!(lies.count() >= 2, "it is read in each scan");
    // Its number is given to another process. A file system may give the inode of what is removed to what comes next; /proc counts on.
    let proc = tree.0.path().join("proc");
    fs::rename(proc.join("10"), proc.join("gone")).unwrap();
    tree.process(10, 210, 1, 13, "web", &format!("/docker/{B}"));
    assert_eq!(seconds_until(&mut scanner, &mut now, 210, Some(B)), 1);
    // Moved to another cgroup; gone to another namespace; a zombie, whose namespace the kernel has taken away.
    tree.cgroup(11, &format!("/docker/{B}"));
    assert!((1..=6).contains(&seconds_until(&mut scanner, &mut now, 211, Some(B))));
    fs::remove_file(proc.join("12/ns/net")).unwrap();
    tree.0.link("proc/12/ns/net", "net:[300]");
    assert!((1..=6).contains(&seconds_until(&mut scanner, &mut now, 212, None)));
    assert_eq!(seconds_until(&mut scanner, &mut now, 300, Some(A)), 1);
    fs::remove_file(proc.join("13/ns/net")).unwrap();
    assert!((1..=6).contains(&seconds_until(&mut scanner, &mut now, 213, None)));
}

#[test]
fn who_claims_the_id_of_another_does_not_get_it() {
    let tree = Tree::new();
    tree.process(12, 200, 1, 12, "init", &format!("/docker/{A}"));
    tree.process(14, 300, 12, 14, "apk", &format!("/docker/{A}/docker/{P}"));
    tree.process(20, 400, 1, 20, "web", &format!("/docker/{B}"));
    let mut scanner = tree.scanner();
    let before = ["100: ", "200: 0a1b", "300: c9ea < 0a1b", "400: b413"];
    assert_eq!(summary(&mut scanner), before);
    assert_eq!(summary(&mut scanner), before);
    // The process was there before the one whose id it takes; its child stays in a cgroup of its own.
    tree.cgroup(14, &format!("/docker/{A}/docker/{B}"));
    tree.process(15, 500, 14, 30, "apk", &format!("/docker/{A}/docker/{B}/docker/{P}"));
    let now = ["100: ", "200: 0a1b", "300: twin < 0a1b", "400: b413", "500: c9ea < twin < 0a1b"];
    assert_eq!(summary(&mut scanner), now);
    assert_eq!(summary(&mut scanner), now);
    let mut processes: Vec<(&str, u32)> = scanner.processes().collect();
    processes.sort_unstable();
    let twin = twin(B, A);
    assert_eq!(processes, [(A, 12), (B, 20), (P, 15), (twin.as_str(), 14)]);
    assert_eq!(scanner.claimed.len(), 1);
}

#[test]
fn the_id_of_one_with_the_hosts_network_is_taken_as_well() {
    let tree = Tree::new();
    tree.process(12, 200, 1, 12, "init", &format!("/docker/{A}"));
    tree.process(14, 300, 12, 14, "apk", &format!("/docker/{A}/docker/{B}"));
    let mut scanner = tree.scanner();
    assert_eq!(summary(&mut scanner), ["100: ", "200: 0a1b", "300: b413 < 0a1b"]);
    tree.process(20, HOST, 1, 20, "web", &format!("/docker/{B}"));
    assert_eq!(summary(&mut scanner), ["100: ", "200: 0a1b", "300: twin < 0a1b"]);
    tree.exit(20);
    assert_eq!(summary(&mut scanner), ["100: ", "200: 0a1b", "300: b413 < 0a1b"]);
}

#[test]
fn processes_come_go_and_reuse_pids() {
    let tree = Tree::new();
    tree.process(12, 200, 1, 12, "x", &format!("/docker/{A}"));
    let mut scanner = tree.scanner();
    for _ in 0..3 {
        assert_eq!(summary(&mut scanner), ["100: ", "200: 0a1b"]);
    }
    // A second container joins the namespace: it comes second, though its pid is lower.
    tree.process(5, 200, 1, 30, "x", &format!("/docker/{B}"));
    for _ in 0..3 {
        assert_eq!(summary(&mut scanner), ["100: ", "200: 0a1b, b413"]);
    }
    // The pid of the first one is taken by another container in the same namespace.
    tree.exit(12);
    tree.process(12, 200, 1, 40, "x", &format!("/docker/{P}"));
    assert_eq!(summary(&mut scanner), ["100: ", "200: b413, c9ea"]);
    // It dies, the namespace stays.
    tree.exit(12);
    assert_eq!(summary(&mut scanner), ["100: ", "200: b413"]);
    tree.exit(5);
    assert_eq!(summary(&mut scanner), ["100: "]);
}

#[test]
fn a_settled_process_is_not_read_again() {
    let tree = Tree::new();
    tree.process(12, 200, 1, 12, "x", &format!("/docker/{A}"));
    tree.process(13, 200, 12, 13, "x", &format!("/docker/{A}"));
    let mut scanner = tree.scanner();
    summary(&mut scanner);
    summary(&mut scanner);
    // Visible only by what is not read: only the container's oldest process stands for it.
    tree.cgroup(13, &format!("/docker/{B}"));
    assert_eq!(summary(&mut scanner), ["100: ", "200: 0a1b"]);
    // When that one is gone, all are.
    tree.exit(12);
    assert_eq!(summary(&mut scanner), ["100: ", "200: b413"]);
}

#[test]
fn half_of_a_process() {
    let tree = Tree::new();
    // It died after its namespace was read; another one before.
    tree.0.link("proc/12/ns/net", "net:[200]");
    tree.0.file("proc/13/stat", "");
    tree.process(14, 300, 14, 1, "its own parent", &format!("/docker/{A}"));
    let mut scanner = tree.scanner();
    assert_eq!(summary(&mut scanner), ["100: ", "200: ", "300: 0a1b"]);
    assert_eq!(scanner.unreadable(), 0);
    // Reading the link fails otherwise.
    tree.0.file("proc/15/ns/net", "no link");
    assert_eq!(summary(&mut scanner).len(), 3);
    assert_eq!(scanner.unreadable(), 1);
}

#[test]
fn the_host_where_pid_1_is_hidden() {
    let tree = Tree::new();
    let mut scanner = tree.scanner();
    tree.process(1, 150, 0, 1, "systemd", "/");
    scanner.scan().unwrap();
    assert_eq!(scanner.host(), NetnsId(150), "PID 1 decides");
    fs::remove_file(tree.0.path().join("proc/1/ns/net")).unwrap();
    tree.0.file("proc/1/ns/net", "not readable as a link");
    scanner.scan().unwrap();
    assert_eq!((scanner.host(), scanner.unreadable()), (NetnsId(HOST), 1), "else kthreadd");
    tree.process(2, HOST, 1, 2, "kthreadd", "/");
    scanner.scan().unwrap();
    assert_eq!(scanner.host(), NetnsId(0), "an impostor");
}

#[test]
fn named_namespaces() {
    let tree = Tree::new();
    tree.0.file("netns/stale", "");
    tree.0.link("netns/dangling", "nowhere");
    tree.0.link("netns/red", "/proc/self/ns/net");
    tree.0.link("netns/blue", "/proc/self/ns/net");
    let own = NetnsId(u32::try_from(fs::metadata("/proc/self/ns/net").unwrap().ino()).unwrap());
    let mut scanner = tree.scanner();
    let found = scanner.scan().unwrap();
    assert_eq!(found.len(), 2);
    let named = found.iter().find(|n| n.id == own).unwrap();
    assert_eq!(named.name.as_deref(), Some("blue"));
    assert!(named.pids.is_empty());
    assert_eq!(named.path, tree.0.path().join("netns/blue"));
    // With a process, that is the way in.
    tree.process(12, own.0, 1, 12, "x", "/");
    let found = scanner.scan().unwrap();
    let named = found.iter().find(|n| n.id == own).unwrap();
    assert_eq!((named.name.as_deref(), named.pids.as_slice()), (Some("blue"), &[12][..]));
    assert_eq!(named.path, tree.0.path().join("proc/12/ns/net"));
}

#[test]
fn no_proc() {
    assert!(Scanner::new(PathBuf::from("/nonexistent"), PathBuf::new()).scan().is_err());
}

#[test]
fn this_machine() {
    let mut scanner = Scanner::new(PathBuf::from("/proc"), PathBuf::from("/run/netns"));
    for _ in 0..2 {
        let found = scanner.scan().unwrap();
        let own = found.iter().find(|n| n.pids.contains(&std::process::id())).unwrap();
        assert_eq!(u64::from(own.id.0), fs::metadata("/proc/self/ns/net").unwrap().ino());
        assert!(found.windows(2).all(|pair| pair[0].id < pair[1].id));
        assert!(
            found.iter().all(|n| n.pids.is_sorted() && (n.id != scanner.host() || n.containers.is_empty()))
        );
    }
}
