//! The thread against daemons of our own: one that answers, and those that do what they can to hold it up.
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::mpsc::{Receiver, channel};

use test_case::test_case;

use super::*;
use crate::model::NetnsId;
use crate::testing::identity::TempDir;
use crate::testing::node::incident;

const DOCKER: &str = "run/docker.sock";
const CRI: &str = "run/containerd/containerd.sock";
/// Longer than any question may take.
const ENOUGH: Duration = Duration::from_secs(20);

#[derive(Clone, Copy)]
enum Manner {
    /// Knows the inner container.
    Answers,
    Closes,
    Hangs,
    /// Says what it is not asked.
    Says(&'static [u8]),
    /// The same, and then this, for ever.
    Repeats(&'static [u8], &'static [u8]),
}

/// The text of an answer of some length.
fn answer(body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

fn serve(mut stream: UnixStream, manner: Manner) -> std::io::Result<usize> {
    let mut sent = 0;
    match manner {
        Manner::Closes => {}
        Manner::Hangs => sent = std::io::copy(&mut stream, &mut std::io::sink())? as usize,
        Manner::Says(text) => stream.write_all(text)?,
        Manner::Repeats(head, more) => {
            stream.write_all(head)?;
            while stream.write_all(more).is_ok() {
                sent += more.len();
            }
        }
        Manner::Answers => {
            let mut request = Vec::new();
            while !request.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte)?;
                request.extend(byte);
            }
            let request = String::from_utf8(request).unwrap();
            let body = match request.split(' ').nth(1).unwrap() {
                // Without a version: an old daemon refuses one that it doesn't know.
                path if path.starts_with("/containers/json?all=true") && path.contains("build") => {
                    r#"[{"Id":"build","Names":["/web"]},{"Id":"of another","Names":["/x"]}]"#
                }
                path => panic!("{path} was not expected"),
            };
            stream.write_all(answer(body).as_bytes())?;
        }
    }
    Ok(sent)
}

/// Serves until the test ends; tells how many bytes each connection took.
fn daemon(root: &TempDir, path: &str, manner: Manner) -> Receiver<usize> {
    root.file(&format!("{path}.marker"), "");
    let listener = UnixListener::bind(root.path().join(path)).unwrap();
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let sender = sender.clone();
            std::thread::spawn(move || sender.send(serve(stream, manner).unwrap_or_default()));
        }
    });
    receiver
}

/// Names of the containers of the founding incident, scanned again.
fn named(metadata: &MetadataService) -> Vec<Option<String>> {
    let node = incident().0;
    let containers = node.netns.values().flat_map(|netns| &netns.containers);
    let mut containers: Vec<Container> = containers.cloned().collect();
    metadata.apply(containers.iter_mut());
    containers.into_iter().map(|container| container.name).collect()
}

fn start(root: &TempDir) -> MetadataService {
    let mut metadata = MetadataService::start_at(root.path().to_owned()).unwrap();
    metadata.update(&incident().0, std::iter::empty());
    metadata
}

#[test_case(DOCKER, Manner::Closes; "docker closes")]
#[test_case(DOCKER, Manner::Hangs; "docker hangs")]
#[test_case(DOCKER, Manner::Says(b"\x00\xff\n\n"); "docker talks nonsense")]
#[test_case(DOCKER, Manner::Says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"); "docker answers something else")]
#[test_case(DOCKER, Manner::Says(b"HTTP/1.1 500 No\r\nContent-Length: 99999999999\r\n\r\n{"); "docker breaks off")]
#[test_case(DOCKER, Manner::Repeats(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"4\r\n    \r\n"); "docker's body never ends")]
#[test_case(DOCKER, Manner::Repeats(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"); "docker's header never ends")]
#[test_case(CRI, Manner::Closes; "containerd closes")]
#[test_case(CRI, Manner::Hangs; "containerd hangs")]
#[test_case(CRI, Manner::Says(b"HTTP/1.1 400 Bad Request\r\n\r\n"); "containerd talks nonsense")]
#[test_case(CRI, Manner::Says(b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"); "containerd greets and closes")]
#[test_case(CRI, Manner::Repeats(b"\x00\x00\x00\x04\x00\x00\x00\x00\x00", b"\x00\x00\x08\x06\x00\x00\x00\x00\x0012345678"); "containerd pings for ever")]
fn nobody_holds_up_another_or_the_thread(path: &str, manner: Manner) {
    let root = TempDir::new();
    let _good = daemon(&root, "run/podman/podman.sock", Manner::Answers);
    let taken = daemon(&root, path, manner);
    let mut metadata = MetadataService::start_at(root.path().to_owned()).unwrap();
    let (news, heard) = channel();
    metadata.on_change(move || {
        let _ = news.send(());
    });
    metadata.update(&incident().0, std::iter::empty());
    heard.recv_timeout(ENOUGH).unwrap();
    assert_eq!(named(&metadata), [None, Some("web".to_owned())]);
    // And the question to the other one ends, after no more than the bound and what the socket itself holds.
    assert!(taken.recv_timeout(ENOUGH).unwrap() < 10 << 20);
    assert!(metadata.wait(ENOUGH));
    assert!(metadata.shared.is_idle());
}

#[test]
fn nobody_there_takes_no_time() {
    let root = TempDir::new();
    let metadata = start(&root);
    assert!(!metadata.wait(ENOUGH));
    assert!(metadata.shared.is_idle());
    assert_eq!(named(&metadata), [None, None]);
}

#[test]
fn what_is_not_there_any_more_has_no_name() {
    let root = TempDir::new();
    let _good = daemon(&root, DOCKER, Manner::Answers);
    let mut metadata = start(&root);
    assert!(metadata.wait(ENOUGH));
    let mut node = incident().0;
    node.netns.remove(&NetnsId(3));
    metadata.update(&node, std::iter::empty());
    assert!(!metadata.wait(ENOUGH));
}

#[test]
fn parents_are_named_too() {
    let root = TempDir::new();
    let _good = daemon(&root, DOCKER, Manner::Answers);
    let metadata = start(&root);
    assert!(metadata.wait(ENOUGH));
    let mut container = Container { parents: vec![Container::new("build")], ..Container::new("nested") };
    metadata.apply([&mut container].into_iter());
    assert_eq!(container.parents[0].name.as_deref(), Some("web"));
}
