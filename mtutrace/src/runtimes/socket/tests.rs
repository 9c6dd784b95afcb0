//! What is a socket, and where links inside of a container may lead.
use std::os::unix::net::UnixListener;

use super::*;
use crate::testing::identity::TempDir;

fn bind(root: &TempDir, path: &str) -> UnixListener {
    root.file(&format!("{path}.marker"), "");
    UnixListener::bind(root.path().join(path)).unwrap()
}

fn found(root: &TempDir) -> Vec<&'static str> {
    SocketRoot::Host(root.path().to_owned()).sockets().sockets.iter().map(|socket| socket.path).collect()
}

#[test]
fn a_link_is_followed_inside_of_the_root_and_a_socket_counts_once() {
    let root = TempDir::new();
    let _listener = bind(&root, "run/docker.sock");
    root.link("var/run", "/run");
    root.link("run/crio/crio.sock", "../../../../../run/docker.sock");
    assert_eq!(found(&root), ["run/docker.sock"]);
}

#[test]
fn what_lies_outside_is_not_found() {
    let (root, outside) = (TempDir::new(), TempDir::new());
    let _listener = bind(&outside, "run/docker.sock");
    let target = outside.path().join("run/docker.sock");
    root.link("run/docker.sock", target.to_str().unwrap());
    root.link("run/podman", outside.path().join("run").to_str().unwrap());
    root.link("var/run", &format!("../../../../../..{}", outside.path().join("run").display()));
    root.link("run/containerd/containerd.sock", "/run/containerd/containerd.sock");
    assert!(found(&root).is_empty());
    assert_eq!(found(&outside), ["run/docker.sock"]);
}

#[test]
fn what_is_no_socket_is_left_alone() {
    let root = TempDir::new();
    root.file("run/docker.sock", "a file");
    root.file("run/crio/crio.sock/and", "a directory");
    root.file("run/podman/marker", "");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        root.path().join("run/podman/podman.sock"),
        FileType::Fifo,
        Mode::RWXU,
        0,
    )
    .unwrap();
    assert!(found(&root).is_empty());
}

#[test]
fn a_process_of_another_container_has_no_sockets() {
    let own = SocketRoot::Inside { id: "a".repeat(64), around: Vec::new(), pid: std::process::id() };
    assert!(own.sockets().sockets.is_empty());
}

#[tokio::test]
async fn the_connection_goes_to_the_file_that_was_looked_at() {
    let root = TempDir::new();
    let first = bind(&root, "run/docker.sock");
    let sockets = SocketRoot::Host(root.path().to_owned()).sockets().sockets;
    let path = root.path().join("run/docker.sock");
    std::fs::remove_file(&path).unwrap();
    let second = UnixListener::bind(&path).unwrap();
    for listener in [&first, &second] {
        listener.set_nonblocking(true).unwrap();
    }
    let _connection = sockets.first().unwrap().connect().await.unwrap();
    assert!(first.accept().is_ok() && second.accept().is_err());
}
