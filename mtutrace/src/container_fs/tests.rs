//! Paths of a process of our own: a child in a root directory that the test has made would need root, so the paths lie in
//! ours, and what is opened is no connection but a refusal.
use std::os::fd::AsFd;

use test_case::test_case;

use super::*;
use crate::testing::identity::TempDir;

fn try_open(path: &Path, wanted: Wanted) -> Result<Opened, Refusal> {
    open(process(std::process::id()).unwrap().as_fd(), path, wanted)
}

#[test_case("/proc/7/root/run/docker/netns/1-a", Some((7, "run/docker/netns/1-a")); "in a container")]
#[test_case("/proc/1/root/run/docker/netns/1-a", None; "the host's")]
#[test_case("/proc/7/ns/net", None; "of the process itself")]
#[test_case("/run/netns/a", None; "a name")]
#[test_case("/proc/self/root/a", None; "our own")]
fn paths_inside(path: &str, expected: Option<(u32, &str)>) {
    assert_eq!(split(Path::new(path)), expected.map(|(pid, path)| (pid, PathBuf::from(path))));
}

#[test]
fn what_others_serve_is_not_looked_into() {
    // procfs stands for them: it is not among the file systems that may be entered.
    for path in ["/proc/self/ns/net", "proc/1", "/../proc"] {
        let refused = try_open(Path::new(path), Wanted::Namespace);
        assert!(matches!(&refused, Err(Refusal::FileSystem(kind)) if kind == "proc"), "{path}: {refused:?}");
    }
}

#[test]
fn links_lead_to_a_refusal_as_well_and_loops_end() {
    let root = TempDir::new();
    root.link("out", "/proc/self");
    root.link("loop", "loop");
    root.file("plain", "");
    let at = |name: &str| try_open(&root.path().join(name), Wanted::Connection);
    assert!(matches!(at("out/ns/net"), Err(Refusal::FileSystem(kind)) if kind == "proc"));
    let code = |refused: Result<Opened, Refusal>| match refused {
        Err(Refusal::Io(error)) => error.raw_os_error(),
        other => panic!("{other:?}"),
    };
    assert_eq!(code(at("loop")), Some(libc::ELOOP));
    assert_eq!(code(at("plain")), Some(libc::ENOENT), "no socket");
    assert_eq!(code(at("plain/below")), Some(libc::ENOTDIR));
    assert_eq!(code(at("nothing")), Some(libc::ENOENT));
}

#[test]
fn the_hosts_own_sockets_are_no_containers() {
    let root = TempDir::new();
    let path = root.path().join("socket");
    let _listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let refused = try_open(&path, Wanted::Connection);
    assert!(matches!(&refused, Err(Refusal::Io(error)) if error.raw_os_error() == Some(libc::ENOENT)));
}
